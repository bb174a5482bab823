//! Reading an address on YouTube: what [`super::reference`] and [`super::playlist`] share.
//!
//! The address is read by a URL parser, its host is compared with a list, and only then is the
//! path looked at. Nothing is searched for an id: eleven fitting characters stand in almost any
//! address.

mod page;
mod refusal;

use url::{Host, Url, form_urlencoded};

pub(super) use page::Page;
pub use refusal::NotAnAddress;

/// Longest text that is looked at, in bytes.
pub const MAX_BYTES: usize = 2048;

/// How many addresses may stand inside one another (`attribution_link?u=`, `continue=`).
const MAX_DEPTH: u8 = 2;

/// The text of a reference without the white space around it, not empty and not too long.
///
/// # Errors
/// [`NotAnAddress::Empty`], [`NotAnAddress::TooLong`].
pub(super) fn text(input: &str) -> Result<&str, NotAnAddress> {
    match input.trim() {
        "" => Err(NotAnAddress::Empty),
        text if text.len() > MAX_BYTES => Err(NotAnAddress::TooLong),
        text => Ok(text),
    }
}

/// Undoes HTML's escaping of `&`, however often it was applied.
fn unescape_ampersands(text: &str) -> String {
    let mut text = text.to_owned();
    while text.contains("&amp;") {
        text = text.replace("&amp;", "&");
    }
    text
}

/// Gives an address without a scheme `https`.
fn absolute(text: &str) -> Result<Url, NotAnAddress> {
    let completed = if text.starts_with("//") {
        format!("https:{text}")
    } else if has_scheme(text) {
        text.to_owned()
    } else if text
        .split(['/', '?', '#'])
        .next()
        .is_some_and(|host| host.contains('.'))
    {
        format!("https://{text}")
    } else {
        return Err(NotAnAddress::NotAUrl);
    };
    Url::parse(&completed).map_err(|_| NotAnAddress::NotAUrl)
}

/// Whether the text begins with a scheme. A dot is legal in one (RFC 3986, 3.1), but here it is
/// the mark of a host with a port.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-'))
    })
}

/// What kind of host an address names.
#[derive(Clone, Copy)]
enum Site {
    /// The site itself, its mobile and embedding variants.
    Watch,
    /// `youtu.be`.
    Short,
    /// Where the preview images lie, by id.
    Images,
    /// Where visitors in Europe are sent before the site.
    Consent,
}

impl Site {
    fn of(url: &Url) -> Result<Self, NotAnAddress> {
        let Some(Host::Domain(domain)) = url.host() else {
            return Err(NotAnAddress::UnsupportedHost);
        };
        match domain.strip_suffix('.').unwrap_or(domain) {
            "youtube.com"
            | "www.youtube.com"
            | "m.youtube.com"
            | "music.youtube.com"
            | "gaming.youtube.com"
            | "youtube-nocookie.com"
            | "www.youtube-nocookie.com"
            | "youtubekids.com"
            | "www.youtubekids.com"
            | "youtube.googleapis.com" => Ok(Self::Watch),
            "youtu.be" | "www.youtu.be" => Ok(Self::Short),
            "i.ytimg.com" | "i1.ytimg.com" | "i2.ytimg.com" | "i3.ytimg.com" | "i4.ytimg.com"
            | "img.youtube.com" => Ok(Self::Images),
            "consent.youtube.com" => Ok(Self::Consent),
            other if is_youtube_subdomain(other) => Err(NotAnAddress::UnsupportedHost),
            other if looks_like_youtube(other) => Err(NotAnAddress::LookalikeHost),
            _ => Err(NotAnAddress::UnsupportedHost),
        }
    }
}

fn is_youtube_subdomain(domain: &str) -> bool {
    domain.ends_with(".youtube.com") || domain.ends_with(".ytimg.com")
}

/// Whether a foreign host bears the name, or what is left of the name in a host with letters of
/// other scripts (`xn--`).
fn looks_like_youtube(domain: &str) -> bool {
    ["youtube", "youtu.be", "ytimg"]
        .iter()
        .any(|name| domain.contains(name))
        || (domain.contains("xn--") && domain.contains("tu"))
}

/// An address on YouTube, taken apart.
pub(super) struct Address {
    site: Site,
    /// Path segments without empty ones.
    segments: Vec<String>,
    /// What stands behind an `&` in the path, then the query: `youtu.be/ID&t=9` is common.
    query: Vec<(String, String)>,
    fragment: String,
}

impl Address {
    /// Reads an address; of one that carries another in a parameter, the one that it carries.
    /// `http` and `https` are understood, with the default ports, and so are addresses without a
    /// scheme, `//host` ones, and ones with HTML's `&amp;`. Mirrors and shorteners of others are
    /// refused: where they lead is not known.
    ///
    /// # Errors
    /// [`NotAnAddress`] where the text is no address, or on another site.
    pub(super) fn read(text: &str) -> Result<Self, NotAnAddress> {
        // URL parsers drop tabs and line breaks without a word; an address has none.
        if text.chars().any(char::is_control) {
            return Err(NotAnAddress::NotAUrl);
        }
        Self::of(&absolute(&unescape_ampersands(text))?, MAX_DEPTH)
    }

    fn of(url: &Url, depth: u8) -> Result<Self, NotAnAddress> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NotAnAddress::UnsupportedScheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NotAnAddress::CredentialsInUrl);
        }
        let site = Site::of(url)?;
        if url.port().is_some() {
            return Err(NotAnAddress::UnsupportedPort);
        }
        let (path, stray) = url.path().split_once('&').unwrap_or((url.path(), ""));
        let address = Self {
            site,
            segments: path
                .split('/')
                .filter(|s| !s.is_empty())
                .map(str::to_owned)
                .collect(),
            query: pairs(stray)
                .chain(pairs(url.query().unwrap_or_default()))
                .collect(),
            fragment: url.fragment().unwrap_or_default().to_owned(),
        };
        match (address.carried(), depth.checked_sub(1)) {
            (Some(inner), Some(depth)) => Self::of(&inner_url(inner)?, depth),
            _ => Ok(address),
        }
    }

    /// The address that stands in a parameter of this one.
    fn carried(&self) -> Option<&str> {
        match self.page() {
            Page::Carrier(name) => self.param(name),
            _ => None,
        }
    }

    /// The first value of a query parameter, as YouTube takes it.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Query parameters, as they stand in the fragment of some older links (`#t=9`, `#!v=ID`).
    pub(super) fn fragment_param(&self, name: &str) -> Option<String> {
        let form = self.fragment.strip_prefix('!').unwrap_or(&self.fragment);
        pairs(form)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}

/// An address within an address: relative to the site, or whole.
fn inner_url(text: &str) -> Result<Url, NotAnAddress> {
    if text.starts_with('/') && !text.starts_with("//") {
        Url::parse(&format!("https://www.youtube.com{text}")).map_err(|_| NotAnAddress::NotAUrl)
    } else {
        absolute(text)
    }
}

fn pairs(form: &str) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(form.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned()))
}
