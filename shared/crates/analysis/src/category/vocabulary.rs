//! Vocabulary of the categories.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

use super::Category;

/// Vocabulary of a category. "go", "r" and "swift" are also words of other subjects.
#[derive(Deserialize)]
pub(super) struct Vocabulary {
    /// Words that count anywhere.
    pub(super) words: Vec<String>,
    /// Names that count only as the full name of a technology.
    pub(super) names: Vec<String>,
}

/// The tests read the file with every category.
pub(super) static VOCABULARY: LazyLock<HashMap<Category, Vocabulary>> =
    LazyLock::new(|| serde_json::from_str(include_str!("vocabulary.json")).unwrap_or_default());
