//! Refusals of texts that are no address on YouTube.

use strum::IntoStaticStr;

/// Kind of a text that is not an address on YouTube.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum NotAnAddress {
    /// Nothing but white space and invisible characters.
    #[error("the reference is empty")]
    Empty,
    /// Longer than [`super::MAX_BYTES`].
    #[error(
        "the reference is longer than {} bytes; give the address alone",
        super::MAX_BYTES
    )]
    TooLong,
    /// Neither an address nor a bare id of the kind that was asked for.
    #[error(
        "this is neither an address nor an id of YouTube; copy the address of the page, such as \
         https://www.youtube.com/watch?v=…"
    )]
    NotAUrl,
    /// Several links in one text that do not name the same thing.
    #[error("the text has several links that name different things; give one of them")]
    SeveralLinks,
    /// Neither `http` nor `https`, nor a scheme of the YouTube app.
    #[error("only http and https addresses are read")]
    UnsupportedScheme,
    /// A user name or a password before the host.
    #[error(
        "the address has a user name or a password before its host; give it without what stands \
         before the @"
    )]
    CredentialsInUrl,
    /// A port other than 80 and 443.
    #[error("the address has a port of its own, and YouTube has none; remove the port")]
    UnsupportedPort,
    /// A short link of a service that does not show where it leads.
    #[error("this is a short link; open it and give the address that it leads to")]
    ShortLink,
    #[error(
        "this address is not on YouTube; give the address of a video on YouTube, or upload the \
         recording"
    )]
    UnsupportedHost,
    /// Another site whose name contains YouTube's, or letters that may look like it.
    #[error("the host of this address resembles YouTube's but is not YouTube's")]
    LookalikeHost,
}

impl NotAnAddress {
    /// Stable name for programs.
    #[must_use]
    pub fn kind(self) -> &'static str {
        self.into()
    }
}
