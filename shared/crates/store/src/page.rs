//! Pages of listings.

/// Page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, P> {
    pub items: Vec<T>,
    /// Position at which the next page starts; `None` after the last page.
    pub next: Option<P>,
}

impl<T, P> Page<T, P> {
    /// Returns a page that nothing follows.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            items: Vec::new(),
            next: None,
        }
    }
}
