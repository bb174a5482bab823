@import@/** How many modules there are up to this one. */
export function steps(): number {
  return @steps@;
}

/** The seconds of all stretches; one that ends before it begins has none. */
export function seconds(
  stretches: readonly (readonly [start: number, end: number])[],
): number {
  return stretches.reduce((sum, [start, end]) => sum + Math.max(0, end - start), 0);
}
