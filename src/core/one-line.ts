/** The text in one line, without what a terminal would obey: each run of blanks, line ends and control characters is one blank. */
export const oneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
