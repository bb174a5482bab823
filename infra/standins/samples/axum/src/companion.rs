//! Chapters and action items of the video.

use serde::Serialize;

/// A section of the video, in seconds from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Chapter {
    pub title: &'static str,
    pub start_s: f64,
    pub end_s: f64,
}

/// An action that the video asks its viewers to take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ActionItem {
    pub number: u32,
    pub title: &'static str,
    pub at_s: f64,
}

/// All there is to know about the video.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Companion {
    pub title: &'static str,
    pub summary: &'static str,
    pub chapters: &'static [Chapter],
    pub action_items: &'static [ActionItem],
}

/// The companion to this video.
pub const COMPANION: Companion = Companion {
    title: @title@,
    summary: @summary@,
    chapters: &[
        Chapter { title: @chapter.title@, start_s: @chapter.start@, end_s: @chapter.end@ },
    ],
    action_items: &[
        ActionItem { number: @action.number@, title: @action.title@, at_s: @action.at@ },
    ],
};
