/** A text, such as a path, as one word of a POSIX shell. */
export const inShell = (text: string): string => (/^[\w./@%+,:=~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
