//! Chapters and action items of the video.

/// A section of the video, in seconds from its beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chapter {
    pub title: &'static str,
    pub start_s: f64,
    pub end_s: f64,
}

/// An action that the video asks its viewers to take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActionItem {
    pub number: u32,
    pub title: &'static str,
    pub at_s: f64,
}

pub const TITLE: &str = @title@;

pub const SUMMARY: &str = @summary@;

pub const CHAPTERS: &[Chapter] = &[
    Chapter { title: @chapter.title@, start_s: @chapter.start@, end_s: @chapter.end@ },
];

pub const ACTION_ITEMS: &[ActionItem] = &[
    ActionItem { number: @action.number@, title: @action.title@, at_s: @action.at@ },
];
