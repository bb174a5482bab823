//! JSON Web Signatures in compact form (RFC 7515), and the public keys that verify them (RFC 7517
//! and 7518). RS256 and ES256 only.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

/// Length of a coordinate of P-256, in bytes.
const P256_COORDINATE_BYTES: usize = 32;
/// First byte of an uncompressed point (SEC 1, section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// An algorithm of a signature. Every other name is refused, `none` above all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Algorithm {
    RS256,
    ES256,
}

/// A public key with its name. It verifies signatures of one algorithm.
#[derive(Clone)]
pub(super) struct PublicKey {
    pub(super) kid: String,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256 { point: Vec<u8> },
}

#[derive(Deserialize)]
struct Jwk {
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    #[serde(flatten)]
    parameters: Parameters,
}

#[derive(Deserialize)]
#[serde(tag = "kty")]
enum Parameters {
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "EC")]
    Ec { crv: String, x: String, y: String },
}

impl PublicKey {
    /// Parses a key of a set. Returns `None` if the key is of another kind, has no name, or is not
    /// for signatures.
    pub(super) fn from_jwk(document: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(document).ok()?;
        let (alg, material) = match &jwk.parameters {
            Parameters::Rsa { n, e } => {
                let (modulus, exponent) = (decode(n)?, decode(e)?);
                ("RS256", Material::Rsa { modulus, exponent })
            }
            Parameters::Ec { crv, x, y } if crv == "P-256" => {
                let (x, y) = (decode(x)?, decode(y)?);
                if x.len() != P256_COORDINATE_BYTES || y.len() != P256_COORDINATE_BYTES {
                    return None;
                }
                let point = [&[UNCOMPRESSED], &x[..], &y].concat();
                ("ES256", Material::P256 { point })
            }
            Parameters::Ec { .. } => return None,
        };
        let is_for_signing = jwk.usage.is_none_or(|usage| usage == "sig");
        let is_for_algorithm = jwk.alg.is_none_or(|named| named == alg);
        (is_for_signing && is_for_algorithm).then_some(Self {
            kid: jwk.kid,
            material,
        })
    }

    fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::RS256,
            Material::P256 { .. } => Algorithm::ES256,
        }
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { modulus, exponent } => {
                let (n, e) = (modulus, exponent);
                RsaPublicKeyComponents { n, e }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                    .is_ok()
            }
            Material::P256 { point } => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature)
                .is_ok(),
        }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: String,
    crit: Option<IgnoredAny>,
}

/// A signed message whose signature has not been verified yet.
pub(super) struct Jws<'a> {
    header: Header,
    /// Signed part: header and payload in base64url, and the dot between them.
    message: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Splits a message into its parts. Returns `None` if it is malformed, names no key, or its
    /// header asks for another algorithm or for an extension.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        // Extensions that must be understood are not (RFC 7515, section 4.1.11).
        if header.crit.is_some() {
            return None;
        }
        Some(Self {
            header,
            message,
            payload,
            signature: decode(signature)?,
        })
    }

    /// Name of the key that the message says it is signed with.
    pub(super) fn kid(&self) -> &str {
        &self.header.kid
    }

    /// Verifies the signature and returns the payload. The key determines the algorithm; a header
    /// that names another one is refused.
    pub(super) fn verify(&self, key: &PublicKey) -> Option<Vec<u8>> {
        let is_same_algorithm = self.header.alg == key.algorithm();
        let is_good = is_same_algorithm && key.verifies(self.message.as_bytes(), &self.signature);
        if is_good { decode(self.payload) } else { None }
    }
}

/// Base64url without padding, in its canonical form only.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests;
