/**
 * A section of the video, in seconds from its beginning.
 * @typedef {{title: string, startSeconds: number, endSeconds: number}} Chapter
 */

/**
 * Something that the video asks its viewers to do.
 * @typedef {{id: string, title: string, atSeconds: number}} ActionItem
 */

/** @type {readonly Chapter[]} */
export const chapters = [
  { title: @chapter.title@, startSeconds: @chapter.start@, endSeconds: @chapter.end@ },
];

/** @type {readonly ActionItem[]} */
export const actionItems = [
  { id: "action-@action.number@", title: @action.title@, atSeconds: @action.at@ },
];
