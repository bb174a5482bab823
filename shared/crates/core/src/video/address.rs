//! Parser of YouTube addresses, shared by [`super::reference`] and [`super::playlist`].
//!
//! A text is searched for links, each link is read by a URL parser, its host is compared with a
//! list, and only then its path is read. No text is searched for ids: eleven fitting characters
//! occur in almost any address.

mod links;
mod page;
mod refusal;
mod site;
mod unescape;

use url::{Url, form_urlencoded};

use self::{
    links::{APP_SCHEMES, is_invisible, is_no_break_space},
    site::Site,
    unescape::{percent_decoded_until, unescape},
};
use super::id::{YOUTUBE_ID_LEN, is_id_byte};

pub(super) use page::Page;
pub use refusal::NotAnAddress;

/// Maximum length of a text that is read, in bytes.
pub const MAX_BYTES: usize = 2048;

/// Maximum number of addresses inside one another (`attribution_link?u=`, `continue=`): a page of
/// consent, one of sign-in, and what they lead to.
const MAX_DEPTH: u8 = 4;

/// Reads the one thing that a text names: a bare id, or a link with text around it. Several links
/// are one thing if `is_same` says so of what they name.
///
/// # Errors
/// [`NotAnAddress::Empty`], [`NotAnAddress::TooLong`], [`NotAnAddress::SeveralLinks`], and the
/// refusal of the only link.
pub(super) fn read<T, E>(
    input: &str,
    bare: impl Fn(&str) -> Option<Result<T, E>>,
    named: impl Fn(&Address) -> Result<T, E>,
    is_same: impl Fn(&T, &T) -> bool,
) -> Result<T, E>
where
    E: From<NotAnAddress> + PartialEq,
{
    let input = input.trim();
    if input.len() > MAX_BYTES {
        return Err(NotAnAddress::TooLong.into());
    }
    let text = links::visible(&unescape(input))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(NotAnAddress::Empty.into());
    }
    let one = |text: &str| {
        if let Some(decided) = bare(links::stripped(text)) {
            return decided;
        }
        let mut outcomes = links::links(text)?.into_iter().map(|link| {
            let address = Address::parse(&link).map_err(E::from)?;
            named(&address)
        });
        let first = outcomes
            .next()
            .unwrap_or_else(|| Err(NotAnAddress::NotAUrl.into()));
        let agrees = outcomes.all(|other| match (&first, &other) {
            (Ok(first), Ok(other)) => is_same(first, other),
            (Err(first), Err(other)) => first == other,
            _ => false,
        });
        if agrees {
            first
        } else {
            Err(NotAnAddress::SeveralLinks.into())
        }
    };
    let outcome = one(text);
    // Word processors put such spaces within an address as well.
    let is_broken = text.contains(is_no_break_space)
        && !text.contains(|c: char| c.is_whitespace() && !is_no_break_space(c));
    if outcome.is_err() && is_broken {
        return one(&text.replace(is_no_break_space, "")).or(outcome);
    }
    outcome
}

/// Splits a text into the id at its beginning and the rest (`/`, `?si=…`, `)`). Leading white
/// space, quotation marks and brackets are skipped.
pub(super) fn leading_id(text: &str) -> (&str, &str) {
    let is_before = |c: char| c.is_whitespace() || is_invisible(c) || "\"'`([{<=“”‘’„«".contains(c);
    let text = text.trim_start_matches(is_before);
    let end = text.bytes().position(|b| !is_id_byte(b));
    text.split_at(end.unwrap_or(text.len()))
}

/// Completes an address without a scheme, with that of an app, or without its host.
fn absolute(text: &str) -> Result<Url, NotAnAddress> {
    let completed = if text.starts_with("//") {
        format!("https:{text}")
    } else if let Some(rest) = in_app(text) {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.contains('.') {
            format!("https://{rest}")
        } else if host.len() == YOUTUBE_ID_LEN && host.bytes().all(is_id_byte) {
            format!("https://youtu.be/{rest}")
        } else {
            format!("https://www.youtube.com/{rest}")
        }
    } else if has_scheme(text) {
        without_double_scheme(text).to_owned()
    } else if text.starts_with('@') || text.trim_start_matches('/').starts_with("watch?") {
        format!("https://www.youtube.com/{}", text.trim_start_matches('/'))
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

/// Returns the rest after the scheme of an app: an id, a path or an address.
fn in_app(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let rest = rest.trim_start_matches('/');
    if scheme.eq_ignore_ascii_case("yt") {
        // The names of videos in feeds.
        return Some(rest.strip_prefix("video:").unwrap_or(rest));
    }
    let is_app = |app: &str| app.eq_ignore_ascii_case(scheme);
    (APP_SCHEMES.iter().any(|app| is_app(app)) || is_app("intent")).then_some(rest)
}

/// An address that was pasted behind the beginning of another: `https://https://youtu.be/ID`.
fn without_double_scheme(text: &str) -> &str {
    let mut text = text;
    while let Some((_, rest)) = text.split_once("://").filter(|(scheme, rest)| {
        let starts = |with: &str| {
            rest.get(..with.len())
                .is_some_and(|r| r.eq_ignore_ascii_case(with))
        };
        !scheme.contains('/') && (starts("http://") || starts("https://"))
    }) {
        text = rest;
    }
    text
}

/// Returns whether the text begins with a scheme. A dot is legal in one (RFC 3986, 3.1), but here
/// it marks a host with a port.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-'))
    })
}

/// An address on YouTube, taken apart.
#[derive(Debug)]
pub(super) struct Address {
    site: Site,
    /// Path segments, decoded, without empty ones.
    segments: Vec<String>,
    /// Parameters behind an `&` or an encoded `?` in the path, then those of the query, then those
    /// behind a second `?`.
    query: Vec<(String, String)>,
    fragment: String,
}

impl Address {
    /// Parses a link. If a parameter of the link carries another address, that one is returned.
    ///
    /// # Errors
    /// [`NotAnAddress`] where the text is no address, or on another site.
    fn parse(text: &str) -> Result<Self, NotAnAddress> {
        Self::from_url(&absolute(text)?, MAX_DEPTH)
    }

    fn from_url(url: &Url, depth: u8) -> Result<Self, NotAnAddress> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NotAnAddress::UnsupportedScheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NotAnAddress::CredentialsInUrl);
        }
        let site = Site::from_url(url)?;
        if !matches!(url.port(), None | Some(80 | 443)) {
            return Err(NotAnAddress::UnsupportedPort);
        }
        let path = percent_decoded_until(url.path(), |path| path.contains('?'));
        let path = path.split('#').next().unwrap_or_default();
        let (path, stray) = path.split_once(['?', '&']).unwrap_or((path, ""));
        let mut query: Vec<(String, String)> = pairs(stray)
            .chain(pairs(url.query().unwrap_or_default()))
            .collect();
        let behind: Vec<_> = query
            .iter()
            .filter_map(|(_, value)| value.split_once('?'))
            .flat_map(|(_, more)| pairs(more))
            .collect();
        query.extend(behind);
        let address = Self {
            site,
            segments: path
                .split('/')
                .filter(|segment| !segment.is_empty())
                .map(str::to_owned)
                .collect(),
            query,
            fragment: url.fragment().unwrap_or_default().to_owned(),
        };
        match (address.carried(), depth.checked_sub(1)) {
            (Some(inner), Some(depth)) => Self::from_url(&inner_url(inner)?, depth),
            _ => Ok(address),
        }
    }

    /// The address that stands in a parameter of this one, or behind its hash, as those of the old
    /// mobile page did.
    fn carried(&self) -> Option<&str> {
        match self.page() {
            Page::Carrier(name) => self.param(name).filter(|value| !value.is_empty()),
            Page::Home | Page::Watch | Page::Other if self.video_param().is_none() => {
                let path = self.fragment.strip_prefix('!').unwrap_or(&self.fragment);
                path.starts_with('/').then_some(path)
            }
            // An address in the place of an id: `watch?v=https://youtu.be/ID`.
            Page::Home | Page::Watch => self
                .video_param()
                .filter(|value| has_scheme(value) && value.contains("//")),
            _ => None,
        }
    }

    /// The first value of a query parameter, as YouTube takes it.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        let find = |is_it: &dyn Fn(&str) -> bool| {
            self.query
                .iter()
                .find(|(key, _)| is_it(key))
                .map(|(_, value)| value.as_str())
        };
        find(&|key| key == name).or_else(|| find(&|key| key.eq_ignore_ascii_case(name)))
    }

    /// The parameter that names the video of a player.
    pub(super) fn video_param(&self) -> Option<&str> {
        ["v", "vi", "video_id"]
            .iter()
            .find_map(|name| self.param(name))
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
    let text = percent_decoded_until(text.trim(), |text| text.contains(['/', ':']));
    if text.starts_with('/') && !text.starts_with("//") {
        Url::parse(&format!("https://www.youtube.com{text}")).map_err(|_| NotAnAddress::NotAUrl)
    } else {
        absolute(&text)
    }
}

/// Pairs of a query. Semicolons separate them as well: those of HTML's `&amp;` that was encoded.
fn pairs(form: &str) -> impl Iterator<Item = (String, String)> {
    form.split(['&', ';'])
        .flat_map(|pair| form_urlencoded::parse(pair.as_bytes()))
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
}
