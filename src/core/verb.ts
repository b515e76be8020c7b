/** The verb's form for that many, as in `${names.join(', ')} ${verb(names, 'is', 'are')} adopted`. */
export const verb = ({ length }: { length: number }, one: string, many: string): string => (length === 1 ? one : many)
