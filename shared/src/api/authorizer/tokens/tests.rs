use std::sync::{Arc, Mutex};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use serde_json::{Value, json};

use super::*;
use eventrelay_testing::{Reply, Responder};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A pair of keys, and how its public half stands in a set.
struct Signer {
    alg: &'static str,
    rsa: Option<RsaKeyPair>,
    ec: Option<EcdsaKeyPair>,
}

impl Signer {
    /// A signer with a stored key, since ring generates no RSA keys.
    fn rsa() -> Self {
        Self::from_pkcs8(include_bytes!(
            "../../../../../tests/data/keys/test-only-rsa-1.pk8"
        ))
    }

    /// A signer with another stored key.
    fn other_rsa() -> Self {
        Self::from_pkcs8(include_bytes!(
            "../../../../../tests/data/keys/test-only-rsa-2.pk8"
        ))
    }

    fn from_pkcs8(key: &[u8]) -> Self {
        Self {
            alg: "RS256",
            rsa: Some(RsaKeyPair::from_pkcs8(key).unwrap()),
            ec: None,
        }
    }

    fn ec() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self {
            alg: "ES256",
            rsa: None,
            ec: Some(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap()),
        }
    }

    fn jwk(&self, kid: &str) -> Value {
        if let Some(rsa) = &self.rsa {
            let PublicKeyComponents::<Vec<u8>> { n, e } = rsa.public_key().into();
            return json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": b64(n), "e": b64(e)});
        }
        let point = self.ec.as_ref().unwrap().public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": b64(&point[1..33]), "y": b64(&point[33..])})
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        if let Some(rsa) = &self.rsa {
            let mut signature = vec![0; rsa.public().modulus_len()];
            rsa.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                .unwrap();
            return signature;
        }
        let ec = self.ec.as_ref().unwrap();
        ec.sign(&random, message).unwrap().as_ref().to_vec()
    }

    /// A token with this header and these claims.
    fn token(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let signature = b64(self.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// An issuer with a set of keys, and what takes its tokens.
struct World {
    server: Responder,
    issuer: String,
    tokens: Tokens,
    /// The documents as they are served; null where the issuer is down.
    set: Arc<Mutex<Value>>,
}

impl World {
    async fn start(keys: Value) -> Self {
        let set = Arc::new(Mutex::new(json!({"keys": keys})));
        let served = set.clone();
        let server = Responder::start(move |seen| {
            let set = served.lock().unwrap().clone();
            if set.is_null() {
                return Reply::new(503, "down");
            }
            let host = format!("http://{}", seen.header("host"));
            match seen.path.as_str() {
                "/realm/.well-known/openid-configuration" => {
                    let uri = set.get("jwks_uri").cloned();
                    let uri = uri.unwrap_or_else(|| format!("{host}/jwks").into());
                    let issuer = set.get("issuer").cloned();
                    let issuer = issuer.unwrap_or_else(|| format!("{host}/realm/").into());
                    Reply::new(200, json!({"issuer": issuer, "jwks_uri": uri}).to_string())
                }
                "/jwks" => Reply::new(200, set.to_string()),
                other => panic!("{other}"),
            }
        })
        .await;
        // With its slash at the end: it is a part of the name.
        let issuer = format!("{}realm/", server.url);
        let config = JwtConfig {
            issuer: issuer.clone(),
            audience: "us".into(),
        };
        let tokens = Tokens::new(config).unwrap();
        Self {
            server,
            issuer,
            tokens,
            set,
        }
    }

    fn serves(&self, set: Value) {
        *self.set.lock().unwrap() = set;
    }

    /// Reads of the set.
    fn reads(&self) -> usize {
        self.server
            .seen()
            .iter()
            .filter(|seen| seen.path == "/jwks")
            .count()
    }

    fn claims(&self) -> Value {
        let now = NOW.as_seconds();
        json!({"iss": self.issuer, "sub": "ann", "aud": "us", "exp": now + 300, "nbf": now, "scope": "openid read"})
    }

    fn with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value;
        claims
    }

    async fn ask(&self, token: &str) -> Option<Caller> {
        self.tokens.authenticate(token, NOW).await
    }
}

fn header(signer: &Signer, kid: &str) -> Value {
    json!({"typ": "JWT", "alg": signer.alg, "kid": kid})
}

#[tokio::test]
async fn valid_token_yields_caller_and_scopes() {
    let (rsa, ec) = (Signer::rsa(), Signer::ec());
    let world = World::start(json!([{"kty": "new", "kid": "x"}, rsa.jwk("r"), ec.jwk("e")])).await;
    for (signer, kid) in [(&rsa, "r"), (&ec, "e")] {
        let token = signer.token(&header(signer, kid), &world.claims());
        assert!(Tokens::is_one(&token));
        let caller = world.ask(&token).await.unwrap();
        assert_eq!(caller.scopes, [Scope::Read]);
        assert_eq!(caller.per_minute, None);
        let hash = hex::encode(Sha256::digest(format!("{}\nann", world.issuer)));
        assert_eq!(caller.key_id, format!("jwt:{}", &hash[..16]));
    }
    assert_eq!(world.reads(), 1, "the keys are remembered");

    let mut claims = world.with("scp", json!(["eventrelay:write", "other:admin", "admins"]));
    claims["scope"] = json!(" eventrelay:read  email");
    claims["aud"] = json!(["them", "us"]);
    let caller = world.ask(&rsa.token(&header(&rsa, "r"), &claims)).await;
    assert_eq!(caller.unwrap().scopes, [Scope::Read, Scope::Write]);
    let none = world.with("scope", Value::Null);
    let caller = world.ask(&rsa.token(&header(&rsa, "r"), &none)).await;
    assert!(caller.unwrap().scopes.is_empty());
}

#[tokio::test]
async fn token_of_other_audience_issuer_or_time_is_refused() {
    let signer = Signer::ec();
    let world = World::start(json!([signer.jwk("k")])).await;
    let now = NOW.as_seconds();
    for (name, value, is_good) in [
        ("exp", json!(now - 29), true),
        ("exp", json!(now - 30), false),
        ("exp", json!(1e300), false),
        ("exp", json!(-1), false),
        ("exp", json!("never"), false),
        ("exp", Value::Null, false),
        ("nbf", json!(now + 30), true),
        ("nbf", json!(now + 31), false),
        ("nbf", Value::Null, true),
        ("aud", json!("them"), false),
        ("aud", json!(["them"]), false),
        ("aud", json!([]), false),
        ("aud", Value::Null, false),
        ("iss", json!("https://login.example"), false),
        ("iss", json!(world.issuer.trim_end_matches('/')), false),
        ("sub", json!(""), false),
        ("sub", Value::Null, false),
    ] {
        let claims = world.with(name, value);
        let token = signer.token(&header(&signer, "k"), &claims);
        assert_eq!(world.ask(&token).await.is_some(), is_good, "{claims}");
    }
}

#[tokio::test]
async fn token_cannot_choose_its_algorithm_or_key() {
    let (signer, other) = (Signer::rsa(), Signer::other_rsa());
    let world =
        World::start(json!([signer.jwk("k"), {"kty": "oct", "kid": "o", "k": b64("secret")}]))
            .await;
    let claims = world.claims();
    let good = signer.token(&header(&signer, "k"), &claims);
    assert!(world.ask(&good).await.is_some());

    // No signature at all.
    for alg in ["none", "None", "NONE", ""] {
        let unsigned = format!(
            "{}.{}.",
            b64(json!({"alg": alg, "kid": "k"}).to_string()),
            b64(claims.to_string())
        );
        assert!(world.ask(&unsigned).await.is_none(), "{alg}");
    }
    // The public key, in each form it may be had in, as the secret of an HMAC.
    let modulus = URL_SAFE_NO_PAD
        .decode(signer.jwk("k")["n"].as_str().unwrap())
        .unwrap();
    let secrets = [
        modulus,
        signer.jwk("k").to_string().into_bytes(),
        b"secret".to_vec(),
    ];
    for (secret, kid) in secrets.iter().zip(["k", "k", "o"]) {
        let head = json!({"alg": "HS256", "kid": kid}).to_string();
        let message = format!("{}.{}", b64(head), b64(claims.to_string()));
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, secret),
            message.as_bytes(),
        );
        let forged = format!("{message}.{}", b64(tag.as_ref()));
        assert!(world.ask(&forged).await.is_none(), "{kid}");
    }
    // The signature of another key, another algorithm of the same family, a key in the header, an
    // extension, and no key's name.
    assert!(
        world
            .ask(&other.token(&header(&signer, "k"), &claims))
            .await
            .is_none()
    );
    for (name, value) in [
        ("alg", json!("RS512")),
        ("alg", json!("PS256")),
        ("alg", json!("ES256")),
        ("crit", json!(["exp"])),
        ("kid", Value::Null),
    ] {
        let mut head = header(&signer, "k");
        head[name] = value;
        assert!(
            world.ask(&signer.token(&head, &claims)).await.is_none(),
            "{head}"
        );
    }
    let mut head = header(&signer, "k");
    head["jwk"] = other.jwk("k");
    assert!(world.ask(&other.token(&head, &claims)).await.is_none());
    // A changed claim.
    let parts: Vec<_> = good.split('.').collect();
    let changed = b64(world.with("scope", json!("admin")).to_string());
    let changed = format!("{}.{changed}.{}", parts[0], parts[2]);
    assert!(world.ask(&changed).await.is_none());
    for broken in [
        "",
        "..",
        "eyJ.eyJ.eyJ",
        &good[..good.len() - 4],
        &format!("{good}.x"),
    ] {
        assert!(world.ask(broken).await.is_none(), "{broken}");
    }
}

#[tokio::test]
async fn key_not_for_signatures_is_ignored() {
    let signer = Signer::rsa();
    for (name, value) in [("use", "enc"), ("alg", "RS512"), ("kty", "EC")] {
        let mut jwk = signer.jwk("k");
        jwk[name] = json!(value);
        let world = World::start(json!([jwk])).await;
        let token = signer.token(&header(&signer, "k"), &world.claims());
        assert!(world.ask(&token).await.is_none(), "{name}");
    }
}

#[tokio::test]
async fn oversized_token_is_refused_unread() {
    let signer = Signer::ec();
    let world = World::start(json!([signer.jwk("k")])).await;
    let claims = world.with("more", json!("a".repeat(8 * 1024)));
    let token = signer.token(&header(&signer, "k"), &claims);
    assert!(world.ask(&token).await.is_none());
    assert!(world.server.seen().is_empty());
}

#[tokio::test]
async fn unknown_key_is_fetched_at_most_once_a_minute() {
    let (old, new) = (Signer::ec(), Signer::ec());
    let world = World::start(json!([old.jwk("old")])).await;
    let by_old = old.token(
        &header(&old, "old"),
        &world.with("exp", json!(NOW.as_seconds() + 7200)),
    );
    let by_new = new.token(
        &header(&new, "new"),
        &world.with("exp", json!(NOW.as_seconds() + 7200)),
    );
    let ask = async |token: &str, after| world.tokens.authenticate(token, NOW + after).await;
    assert!(ask(&by_old, Duration::ZERO).await.is_some());
    for _ in 0..20 {
        assert!(ask(&by_new, MINUTE / 2).await.is_none());
    }
    assert_eq!(world.reads(), 1, "read a moment ago");
    for _ in 0..20 {
        assert!(ask(&by_new, MINUTE).await.is_none());
    }
    assert_eq!(world.reads(), 2);

    world.serves(json!({"keys": [new.jwk("new")]}));
    assert!(ask(&by_new, MINUTE * 2).await.is_some());
    assert!(
        ask(&by_old, MINUTE * 2).await.is_none(),
        "it was taken back"
    );
    assert_eq!(world.reads(), 3);
    assert!(ask(&by_new, MINUTE * 11).await.is_some());
    assert_eq!(world.reads(), 3);
    assert!(ask(&by_new, MINUTE * 12).await.is_some());
    assert_eq!(world.reads(), 4, "they are read again after ten minutes");
}

#[tokio::test]
async fn unreachable_issuer_accepts_only_cached_keys() {
    let signer = Signer::ec();
    let world = World::start(json!([signer.jwk("k")])).await;
    let up = world.set.lock().unwrap().clone();
    let long = world.with("exp", json!(NOW.as_seconds() + 36_000));
    let token = signer.token(&header(&signer, "k"), &long);
    let ask = async |after| {
        world
            .tokens
            .authenticate(&token, NOW + after)
            .await
            .is_some()
    };
    let second = Duration::from_secs(1);
    world.serves(Value::Null);
    for _ in 0..20 {
        assert!(!ask(Duration::ZERO).await);
    }
    assert_eq!(world.server.seen().len(), 1, "it is not asked all the time");
    assert!(!ask(5 * second).await);
    assert_eq!(world.server.seen().len(), 2);

    world.serves(up);
    assert!(ask(10 * second).await);
    world.serves(Value::Null);
    assert!(ask(HOUR).await, "the keys are known");
    assert!(!ask(HOUR + MINUTE * 11).await, "but not for ever");

    // No issuer listens at this address.
    let config = JwtConfig {
        issuer: "http://127.0.0.1:9".into(),
        audience: "us".into(),
    };
    let nowhere = Tokens::new(config).unwrap();
    assert!(nowhere.authenticate(&token, NOW).await.is_none());
}

#[tokio::test]
async fn jwks_of_another_host_or_issuer_is_refused() {
    let signer = Signer::ec();
    for (name, value) in [
        ("issuer", "https://login.example"),
        ("jwks_uri", "http://169.254.169.254/jwks"),
        ("jwks_uri", "http://localhost/jwks"),
        ("jwks_uri", "file:///etc/passwd"),
        ("jwks_uri", "/jwks"),
    ] {
        let world = World::start(json!([signer.jwk("k")])).await;
        let mut set = world.set.lock().unwrap().clone();
        set[name] = json!(value);
        world.serves(set);
        let token = signer.token(&header(&signer, "k"), &world.claims());
        assert!(world.ask(&token).await.is_none(), "{value}");
        assert_eq!(world.server.seen().len(), 1, "{value}");
    }
}
