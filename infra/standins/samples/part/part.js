@import@/**
 * How many modules there are up to this one.
 * @returns {number}
 */
export function steps() {
  return @steps@;
}

/**
 * The seconds of all stretches; one that ends before it begins has none.
 * @param {readonly (readonly [number, number])[]} stretches
 * @returns {number}
 */
export function seconds(stretches) {
  return stretches.reduce((sum, [start, end]) => sum + Math.max(0, end - start), 0);
}
