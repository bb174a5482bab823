//! Why a text is not an address on YouTube.

/// What a text is instead of an address on YouTube.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotAnAddress {
    /// Nothing but white space.
    #[error("the reference is empty")]
    Empty,
    /// Longer than [`super::MAX_BYTES`].
    #[error("the reference is longer than {} bytes", super::MAX_BYTES)]
    TooLong,
    /// Neither an address nor a bare id of the kind that was asked for.
    #[error("this is neither an address nor a YouTube id")]
    NotAUrl,
    /// Neither `http` nor `https`.
    #[error("only http and https addresses are read")]
    UnsupportedScheme,
    /// A name or a password before the host.
    #[error("an address with a user name or a password is not read")]
    CredentialsInUrl,
    /// A port other than the scheme's own.
    #[error("an address with a port of its own is not read")]
    UnsupportedPort,
    /// Another site.
    #[error("this address is not on YouTube")]
    UnsupportedHost,
    /// Another site whose name has YouTube's in it, or letters that may look like it.
    #[error("this address resembles one on YouTube but is not on YouTube")]
    LookalikeHost,
}

impl NotAnAddress {
    /// A stable name for programs.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::NotAUrl => "not_a_url",
            Self::UnsupportedScheme => "unsupported_scheme",
            Self::CredentialsInUrl => "credentials_in_url",
            Self::UnsupportedPort => "unsupported_port",
            Self::UnsupportedHost => "unsupported_host",
            Self::LookalikeHost => "lookalike_host",
        }
    }
}
