/** What a demo printed, without what differs from run to run: moments, durations, ports and ids. */
export const masked = (text: string): string =>
  text
    .replace(/^ *\d+\.\d s  /gm, '  *.* s  ')
    .replace(/\d+(\.\d+)? (ms|s)\b/g, '* s')
    .replace(/(127\.0\.0\.\d+|shop\.example):\d+/g, '$1:*')
    .replace(/owner=[0-9a-f]+/, 'owner=*')
    .replace(/move=[0-9a-f-]+/, 'move=*')
    .replace(/explain [0-9a-f]{8}/, 'explain *')
    .replace(/[23] of 3 vantages( say down)?/g, '3 of 3 vantages$1')
    .replace(/0 of \d+ requests/, '0 of * requests')
