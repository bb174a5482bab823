//! Hosts that an address may name.

use url::{Host, Url};

use super::NotAnAddress;

/// Kind of host that an address names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Site {
    /// YouTube itself with all its subdomains, and the hosts of its embedded player.
    Watch,
    /// `youtu.be` and hosts with the same paths.
    Short,
    /// Preview images, by id.
    Images,
    /// A page that leads to the address in the first of these parameters that it has.
    Redirect(&'static [&'static str]),
}

/// Domains of [`Site::Watch`]. `.youtube` is Google's own top-level domain.
const WATCH: [&str; 6] = [
    "youtube.com",
    "youtube-nocookie.com",
    "youtubekids.com",
    "youtubeeducation.com",
    "youtube.googleapis.com",
    "youtube",
];

/// Domains of [`Site::Short`]. `y2u.be` keeps the id in its path as `youtu.be` does.
const SHORT: [&str; 2] = ["youtu.be", "y2u.be"];

const IMAGES: [&str; 3] = [
    "img.youtube.com",
    "ytimg.com",
    "ytimg.googleusercontent.com",
];

/// Parameters of the pages at which Google asks for consent or a sign-in.
const CONTINUE: &[&str] = &["continue", "followup", "next"];

/// Pages of other sites that only lead to another address: domain, beginning of the path,
/// parameters.
///
/// The address in the parameter is held to the same rules, so a page in this list cannot name
/// anything but a video.
const REDIRECTS: [(&str, &str, &[&str]); 18] = [
    ("consent.youtube.com", "/", CONTINUE),
    ("accounts.youtube.com", "/", CONTINUE),
    ("l.facebook.com", "/", &["u"]),
    ("lm.facebook.com", "/", &["u"]),
    ("facebook.com", "/l.php", &["u"]),
    ("facebook.com", "/flx/warn", &["u"]),
    ("l.messenger.com", "/", &["u"]),
    ("l.instagram.com", "/", &["u"]),
    ("safelinks.protection.outlook.com", "/", &["url"]),
    ("out.reddit.com", "/", &["url"]),
    ("slack-redir.net", "/", &["url"]),
    ("linkedin.com", "/redir/", &["url"]),
    ("linkedin.com", "/safety/go", &["url"]),
    ("vk.com", "/away.php", &["to"]),
    ("duckduckgo.com", "/l/", &["uddg"]),
    ("steamcommunity.com", "/linkfilter", &["u", "url"]),
    ("t.umblr.com", "/redirect", &["z"]),
    ("exit.sc", "/", &["url"]),
];

/// Services whose short links do not show where they lead.
const SHORTENERS: [&str; 14] = [
    "bit.ly",
    "buff.ly",
    "cutt.ly",
    "goo.gl",
    "is.gd",
    "lnkd.in",
    "ow.ly",
    "rb.gy",
    "rebrand.ly",
    "shorturl.at",
    "t.co",
    "t.ly",
    "tinyurl.com",
    "yt.be",
];

impl Site {
    /// # Errors
    /// [`NotAnAddress::ShortLink`], [`NotAnAddress::LookalikeHost`],
    /// [`NotAnAddress::UnsupportedHost`].
    pub(super) fn from_url(url: &Url) -> Result<Self, NotAnAddress> {
        let Some(Host::Domain(domain)) = url.host() else {
            return Err(NotAnAddress::UnsupportedHost);
        };
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        let within = |of: &&str| is_within(domain, of);
        if let Some(parameters) = redirect(domain, url.path()) {
            Ok(Self::Redirect(parameters))
        } else if IMAGES.iter().any(within) {
            Ok(Self::Images)
        } else if WATCH.iter().any(within) {
            Ok(Self::Watch)
        } else if SHORT.iter().any(within) {
            Ok(Self::Short)
        } else if SHORTENERS.iter().any(within) {
            Err(NotAnAddress::ShortLink)
        } else if looks_like_youtube(domain) {
            Err(NotAnAddress::LookalikeHost)
        } else {
            Err(NotAnAddress::UnsupportedHost)
        }
    }
}

/// Returns whether a text names a host of YouTube or a lookalike. Only these count as addresses
/// without a scheme in running text.
pub(super) fn is_known(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    let known = WATCH.iter().chain(&SHORT).chain(&IMAGES);
    let mut known = known.filter(|domain| domain.contains('.'));
    known.any(|domain| is_within(host, domain)) || looks_like_youtube(host) || is_google(host)
}

fn is_within(domain: &str, of: &str) -> bool {
    domain
        .strip_suffix(of)
        .is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn redirect(domain: &str, path: &str) -> Option<&'static [&'static str]> {
    if is_google(domain) {
        return match domain.split('.').next() {
            Some("consent" | "accounts") => Some(CONTINUE),
            _ if path == "/url" => Some(&["url", "q"]),
            _ if path == "/imgres" => Some(&["imgrefurl"]),
            _ => None,
        };
    }
    let mut known = REDIRECTS.iter();
    known
        .find(|(of, start, _)| is_within(domain, of) && path.starts_with(start))
        .map(|(_, _, parameters)| *parameters)
}

/// Returns whether a domain is Google's in any country: `google.de`, `www.google.co.uk`,
/// `consent.google.com.br`.
fn is_google(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let Some(at) = labels.iter().rposition(|label| *label == "google") else {
        return false;
    };
    match labels[at + 1..] {
        ["com"] => true,
        [country] => country.len() == 2,
        ["co" | "com", country] => country.len() == 2,
        _ => false,
    }
}

/// Returns whether a foreign host contains the name, or its remains in a host with letters of other
/// scripts (`xn--`).
fn looks_like_youtube(domain: &str) -> bool {
    ["youtube", "youtu.be", "ytimg"]
        .iter()
        .any(|name| domain.contains(name))
        || (domain.contains("xn--") && domain.contains("tu"))
}
