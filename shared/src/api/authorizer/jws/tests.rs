use serde_json::json;

use super::*;

/// Payload of the examples of RFC 7515, appendices A.2 and A.3.
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const ES256_SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const RS256_SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/// Public key of RFC 7515, appendix A.2.1.
fn rsa_jwk() -> Value {
    json!({
        "kty": "RSA",
        "kid": "a",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        "e": "AQAB",
    })
}

/// Public key of RFC 7515, appendix A.3.1.
fn p256_jwk() -> Value {
    json!({
        "kty": "EC",
        "kid": "a",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

#[test]
fn signatures_of_rfc_7515_verify_with_their_key_only() {
    let rsa = PublicKey::from_jwk(rsa_jwk()).unwrap();
    let p256 = PublicKey::from_jwk(p256_jwk()).unwrap();
    for (key, other, alg, signature) in [
        (&rsa, &p256, "RS256", RS256_SIGNATURE),
        (&p256, &rsa, "ES256", ES256_SIGNATURE),
    ] {
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}"}}"#));
        let message = format!("{header}.{PAYLOAD}");
        let signature = decode(signature).unwrap();
        assert!(key.verifies(message.as_bytes(), &signature), "{alg}");
        assert!(!other.verifies(message.as_bytes(), &signature), "{alg}");
        for at in 0..signature.len() {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert!(!key.verifies(message.as_bytes(), &changed), "{alg}: {at}");
        }
        assert!(!key.verifies(message.as_bytes(), &signature[1..]), "{alg}");
        assert!(!key.verifies(message.as_bytes(), &[]), "{alg}");
    }
}

#[test]
fn header_that_names_another_algorithm_than_the_key_is_refused() {
    let header = |alg: &str| URL_SAFE_NO_PAD.encode(json!({"alg": alg, "kid": "a"}).to_string());
    let text = format!("{}.{PAYLOAD}.{RS256_SIGNATURE}", header("ES256"));
    let mut jws = Jws::parse(&text).unwrap();
    // The signature is of the RFC's own header, which names no key.
    let signed = format!("{}.{PAYLOAD}", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#));
    jws.message = &signed;
    let key = PublicKey::from_jwk(rsa_jwk()).unwrap();
    assert!(jws.verify(&key).is_none());
    jws.header.alg = Algorithm::RS256;
    assert!(jws.verify(&key).unwrap().starts_with(br#"{"iss":"joe""#));
}

#[test]
fn malformed_and_unsupported_headers_are_refused() {
    let parses = |header: &str| {
        let header = URL_SAFE_NO_PAD.encode(header);
        Jws::parse(&format!("{header}.{PAYLOAD}.{ES256_SIGNATURE}")).is_some()
    };
    assert!(parses(r#"{"alg":"ES256","kid":"a","typ":"JWT"}"#));
    for header in [
        r#"{"alg":"none","kid":"a"}"#,
        r#"{"alg":"HS256","kid":"a"}"#,
        r#"{"alg":"es256","kid":"a"}"#,
        r#"{"alg":["ES256"],"kid":"a"}"#,
        r#"{"alg":"ES256","alg":"ES256","kid":"a"}"#,
        r#"{"kid":"a"}"#,
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"ES256","kid":7}"#,
        r#"{"alg":"ES256","kid":"a","crit":["exp"]}"#,
        r#"{"alg":"ES256","kid":"a","crit":[]}"#,
        r#"{"alg":"ES256","kid":"a"} {}"#,
        "",
    ] {
        assert!(!parses(header), "{header}");
    }
}

#[test]
fn only_canonical_base64url_without_padding_is_accepted() {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"a"}"#);
    let parses = |header: &str, signature: &str| {
        Jws::parse(&format!("{header}.{PAYLOAD}.{signature}")).is_some()
    };
    assert!(parses(&header, ES256_SIGNATURE));
    // The last letter encodes two bits of the signature; the other four are zero.
    let trailing_bits = format!("{}R", ES256_SIGNATURE.strip_suffix('Q').unwrap());
    for signature in [
        format!("{ES256_SIGNATURE}=="),
        trailing_bits,
        ES256_SIGNATURE.replace('-', "+"),
        format!("{ES256_SIGNATURE}\n"),
        format!(" {ES256_SIGNATURE}"),
    ] {
        assert!(!parses(&header, &signature), "{signature:?}");
    }
    assert!(!parses(&format!("{header}="), ES256_SIGNATURE));
    assert!(Jws::parse(PAYLOAD).is_none());
    assert!(Jws::parse(&format!("{header}.{PAYLOAD}")).is_none());
}

#[test]
fn keys_of_other_kinds_sizes_and_uses_are_refused() {
    for jwk in [rsa_jwk(), p256_jwk()] {
        assert!(PublicKey::from_jwk(jwk.clone()).is_some());
        for (name, value) in [
            ("kty", json!("oct")),
            ("kty", json!("OKP")),
            ("kty", Value::Null),
            ("kid", Value::Null),
            ("use", json!("enc")),
            ("alg", json!("PS256")),
            ("alg", json!("ES384")),
        ] {
            let mut changed = jwk.clone();
            changed[name] = value;
            assert!(PublicKey::from_jwk(changed.clone()).is_none(), "{changed}");
        }
    }
    for (name, value) in [
        ("crv", json!("P-384")),
        ("x", json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA")),
        ("y", json!("")),
        ("y", json!("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0=")),
    ] {
        let mut changed = p256_jwk();
        changed[name] = value;
        assert!(PublicKey::from_jwk(changed.clone()).is_none(), "{changed}");
    }
}
