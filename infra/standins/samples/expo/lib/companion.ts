/** A section of the video, in seconds from its beginning. */
export interface Chapter {
  readonly title: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** Something that the video asks its viewers to do. */
export interface ActionItem {
  readonly id: string;
  readonly title: string;
  readonly atSeconds: number;
}

export const title: string = @title@;

export const summary: string = @summary@;

export const chapters: readonly Chapter[] = [
  { title: @chapter.title@, startSeconds: @chapter.start@, endSeconds: @chapter.end@ },
];

export const actionItems: readonly ActionItem[] = [
  { id: "action-@action.number@", title: @action.title@, atSeconds: @action.at@ },
];
