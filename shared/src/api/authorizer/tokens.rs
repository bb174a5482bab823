//! JSON Web Tokens as credentials (RFC 7519, with the practices of RFC 8725).
//!
//! One issuer signs them with RS256 or ES256 for one audience.

use std::time::Duration;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{jwks::Jwks, jws::Jws};
use eventrelay_core::{clock::Timestamp, config::JwtConfig, error::Error};
use eventrelay_store::keys::{Caller, Scope};
use eventrelay_upstream::HttpClient;

/// Maximum length of a token. The headers of a request have at most 10,240 bytes together
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).
const MAX_LENGTH: usize = 8 * 1024;
/// Tolerated difference between the issuer's clock and ours.
const LEEWAY: Duration = Duration::from_secs(30);
/// Optional prefix of a scope, for issuers that serve several APIs.
const PREFIX: &str = "eventrelay:";

/// Verifier of the tokens of one issuer.
pub struct Tokens {
    config: JwtConfig,
    jwks: Jwks,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: OneOrMany,
    /// Seconds since 1970, which may have a fraction.
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    /// Separated by spaces (RFC 8693, section 4.2).
    #[serde(default)]
    scope: Option<OneOrMany>,
    /// The same at some issuers, or a list.
    #[serde(default)]
    scp: Option<OneOrMany>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn iter(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        };
        texts.iter().map(String::as_str)
    }
}

impl Tokens {
    /// Returns the tokens of the issuer that the environment names, or `None` if it names none.
    ///
    /// # Errors
    /// [`Error::Internal`] when it is incomplete or wrong.
    pub fn from_env() -> Result<Option<Self>, Error> {
        let config = JwtConfig::from_env().map_err(Error::internal)?;
        config.map(Self::new).transpose()
    }

    /// The tokens of an issuer. Reads nothing yet.
    ///
    /// # Errors
    /// [`Error::Internal`] when there is no HTTP client.
    pub fn new(config: JwtConfig) -> Result<Self, Error> {
        let jwks = Jwks::new(HttpClient::new()?, config.issuer.clone());
        Ok(Self { config, jwks })
    }

    /// Returns whether a credential has the form of a token. No API key has it.
    pub(super) fn is_one(credential: &str) -> bool {
        credential.split('.').count() == 3 && credential.starts_with("ey")
    }

    /// Returns the caller of a token, or `None` if the token is invalid or its key unavailable.
    pub(super) async fn authenticate(&self, token: &str, now: Timestamp) -> Option<Caller> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        let token = Jws::parse(token)?;
        let key = self.jwks.key(token.kid(), now).await?;
        let claims: Claims = serde_json::from_slice(&token.verify(&key)?).ok()?;
        self.is_for_us(&claims, now).then(|| caller(&claims))
    }

    fn is_for_us(&self, claims: &Claims, now: Timestamp) -> bool {
        let at = |seconds: f64| Duration::try_from_secs_f64(seconds).map(|at| Timestamp(0) + at);
        let is_good = at(claims.exp).is_ok_and(|exp| now < exp + LEEWAY);
        let has_begun = claims
            .nbf
            .is_none_or(|nbf| at(nbf).is_ok_and(|nbf| now + LEEWAY >= nbf));
        claims.iss == self.config.issuer
            && claims.aud.iter().any(|aud| aud == self.config.audience)
            && !claims.sub.is_empty()
            && is_good
            && has_begun
    }
}

fn caller(claims: &Claims) -> Caller {
    let lists = [&claims.scope, &claims.scp].into_iter().flatten();
    let words = lists
        .flat_map(OneOrMany::iter)
        .flat_map(str::split_whitespace);
    let mut scopes: Vec<Scope> = words
        .filter_map(|word| word.strip_prefix(PREFIX).unwrap_or(word).parse().ok())
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    let mut hash = Sha256::new();
    // An issuer is a URL and has no line break.
    hash.update(format!("{}\n{}", claims.iss, claims.sub));
    let mut key_id = format!("jwt:{}", hex::encode(hash.finalize()));
    key_id.truncate(4 + 16);
    Caller {
        key_id,
        scopes,
        per_minute: None,
    }
}

#[cfg(test)]
mod tests;
