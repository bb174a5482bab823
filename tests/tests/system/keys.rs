//! API keys from the command that makes them to the request that is refused; and tokens in their
//! place.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Output, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use eventrelay::store::keys::{Keys, Scope};
use eventrelay_tests::{Stack, local, repository};
use reqwest::Method;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use sha2::Digest;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn key_command(data: &Path, arguments: &[&str]) -> Output {
    Command::new(local().unwrap())
        .arg("key")
        .args(arguments)
        .arg("--data")
        .arg(data)
        .current_dir(repository(""))
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap()
}

async fn key_json(data: &Path, arguments: &[&str]) -> Value {
    let output = key_command(data, &[arguments, &["--json"]].concat()).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The status of a request with this credential and no other.
async fn status(stack: &Stack, method: Method, path: &str, header: &str, value: &str) -> u16 {
    let url = format!("{}{path}", stack.ready.api);
    let request = stack.client().request(method, url).header(header, value);
    let request = request.header("content-type", "application/json");
    request.body("{}").send().await.unwrap().status().as_u16()
}

async fn with_key(stack: &Stack, method: Method, path: &str, key: &str) -> u16 {
    status(stack, method, path, "x-api-key", key).await
}

#[tokio::test]
async fn key_can_be_created_used_listed_and_revoked() {
    let mut stack = Stack::start().await.unwrap();
    let create = [
        "create",
        "--name",
        "a reader",
        "--scopes",
        "read",
        "--per-minute",
        "60",
    ];
    let made = key_json(
        stack.data(),
        &[&create[..], &["--expires-days", "90"]].concat(),
    )
    .await;
    let (key, id) = (
        made["key"].as_str().unwrap(),
        made["key_id"].as_str().unwrap(),
    );
    assert!(key.starts_with("er_") && key.len() == 52, "{key}");
    assert_eq!(with_key(&stack, Method::GET, "/v1/stats", key).await, 200);
    assert_eq!(with_key(&stack, Method::POST, "/v1/videos", key).await, 403);
    let almost = format!("{}x", &key[..51]);
    assert_eq!(
        with_key(&stack, Method::GET, "/v1/stats", &almost).await,
        403
    );

    let listed = key_json(stack.data(), &["list"]).await;
    let row = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["key_id"] == id)
        .unwrap();
    assert_eq!(row["state"], "active");
    assert_eq!(
        (&row["name"], &row["per_minute"]),
        (&json!("a reader"), &json!(60))
    );
    assert!(
        row["expires_at"].is_string() && row.get("key").is_none(),
        "{row}"
    );

    let revoked = key_json(stack.data(), &["revoke", id]).await;
    assert_eq!(revoked["state"], "revoked");
    // A route that it was not used on a moment ago, whose answer the gateway still remembers.
    assert_eq!(with_key(&stack, Method::GET, "/v1/videos", key).await, 403);
    let again = key_json(stack.data(), &["revoke", id]).await;
    assert_eq!(again["revoked_at"], revoked["revoked_at"]);

    // The same while no stack runs on the folder.
    stack.interrupt().await.unwrap();
    let output = key_command(stack.data(), &["create", "--name", "made at rest"]).await;
    let shown = text(&output.stdout);
    let at_rest = shown.lines().next().unwrap();
    let table = text(&key_command(stack.data(), &["list"]).await.stdout);
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(
        table.contains("made at rest") && table.contains("revoked"),
        "{table}"
    );
    assert!(!table.contains(at_rest) && !table.contains(key), "{table}");
    stack.resume().await.unwrap();
    assert_eq!(
        with_key(&stack, Method::GET, "/v1/stats", at_rest).await,
        200
    );
    assert_eq!(with_key(&stack, Method::GET, "/v1/stats", key).await, 403);

    for (arguments, reason) in [
        (&["create", "--name", "a\nb"][..], "name: "),
        (
            &["create", "--name", "n", "--scopes", "root"],
            "read, write or admin",
        ),
        (
            &["create", "--name", "n", "--per-minute", "0"],
            "per_minute: ",
        ),
        (&["revoke", "0123456789abcdef"], "There is no such key."),
        (&["revoke", "key#"], "There is no such key."),
    ] {
        let output = key_command(stack.data(), arguments).await;
        let stderr = text(&output.stderr);
        assert!(
            !output.status.success() && stderr.contains(reason),
            "{arguments:?}: {stderr}"
        );
    }
}

/// Runs the script for AWS.
async fn script(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(repository("infra/api-key"))
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap()
}

/// A command line of AWS that writes down what it is asked.
#[tokio::test]
async fn aws_key_script_passes_no_key_as_an_argument() {
    let folder = TempDir::new().unwrap();
    let aws = folder.path().join("aws");
    let fake = "#!/bin/sh\n\
        printf '%s\\n' \"$@\" >>\"$0.asked\"\n\
        case $2 in describe-stacks) echo a-table ;; get-item) echo None ;; esac\n";
    fs::write(&aws, fake).unwrap();
    fs::set_permissions(&aws, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    let environment = [("PATH", path.as_str())];
    let asked = folder.path().join("aws.asked");

    let create = [
        "create",
        "--name",
        "on AWS",
        "--scopes",
        "read,admin,read",
        "--per-minute",
        "5",
    ];
    let more = ["--expires-days", "1", "--stack", "s"];
    let output = script(&[&create[..], &more].concat(), &environment).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let key = text(&output.stdout).trim().to_owned();
    let hash = hex::encode(sha2::Sha256::digest(&key));
    let sum = hex::encode(sha2::Sha256::digest(&key[..46]));
    assert!(
        key.len() == 52 && key.starts_with("er_") && key.ends_with(&sum[..6]),
        "{key}"
    );
    let arguments = fs::read_to_string(&asked).unwrap();
    assert!(!arguments.contains(&key[3..46]), "{arguments}");
    let items = arguments
        .lines()
        .find(|line| line.starts_with("[{"))
        .unwrap();
    let items: Value = serde_json::from_str(items).unwrap();
    let row = &items[0]["Put"]["Item"];
    assert_eq!(row["hash"]["S"], hash);
    assert_eq!(row["pk"]["S"], format!("key#{}", &hash[..16]));
    assert_eq!(row["scopes"]["SS"], json!(["read", "admin"]));
    assert_eq!(row["per_minute"]["N"], "5");
    let at = |name: &str| row[name]["N"].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(at("expires_at") - at("created_at"), 86_400_000);
    assert_eq!(items[1]["Update"]["TableName"], "a-table");

    fs::remove_file(&asked).unwrap();
    for wrong in [
        &["create", "--name", "a\"b", "--table", "abc"][..],
        &["create", "--name", "a\nb", "--table", "abc"],
        &[
            "create", "--name", "n", "--scopes", "root", "--table", "abc",
        ],
        &[
            "create",
            "--name",
            "n",
            "--per-minute",
            "1x",
            "--table",
            "abc",
        ],
        &[
            "create",
            "--name",
            "n",
            "--expires-days",
            "0",
            "--table",
            "abc",
        ],
        &["create", "--name", "n"],
        &["revoke", "0123", "--table", "abc"],
        &["revoke", "0123456789abcdef", "--table", "a\"b"],
        &["destroy"],
        &[],
    ] {
        let output = script(wrong, &environment).await;
        assert!(
            !output.status.success() && !output.stderr.is_empty(),
            "{wrong:?}"
        );
    }
    assert!(!asked.exists(), "what is wrong is not asked");
}

/// Runs the script against a table if the machine has the AWS CLI.
#[tokio::test]
async fn aws_key_script_writes_rows_that_the_authorizer_reads() {
    if Command::new("aws").arg("--version").output().await.is_err() {
        eprintln!("there is no `aws` here: not tried");
        return;
    }
    let stack = Stack::start().await.unwrap();
    let environment = [
        (
            "AWS_ENDPOINT_URL_DYNAMODB",
            stack.ready.aws.dynamodb.as_str(),
        ),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ];
    let table = ["--table", stack.name("ControlsTable")];
    let on_table = async |arguments: &[&str]| {
        let output = script(&[arguments, &table].concat(), &environment).await;
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let key = on_table(&["create", "--name", "by script", "--per-minute", "7"]).await;
    let key = key.trim();
    assert_eq!(with_key(&stack, Method::GET, "/v1/stats", key).await, 200);
    let keys = Keys::new(stack.dynamodb(), stack.name("ControlsTable").to_owned());
    let listed = keys.list().await.unwrap();
    let row = listed.iter().find(|row| row.name == "by script").unwrap();
    assert_eq!(
        (&row.scopes[..], row.per_minute),
        (&[Scope::Read, Scope::Write][..], Some(7))
    );
    let id = row.key_id.as_str();

    let line = |table: &str| {
        table
            .lines()
            .find(|line| line.contains(id))
            .unwrap()
            .to_owned()
    };
    let list = on_table(&["list"]).await;
    let shown = line(&list);
    let fields: Vec<_> = shown.split('\t').collect();
    assert_eq!(
        (fields[0], fields[1], fields[2]),
        (id, "None", "None"),
        "{list}"
    );
    assert_eq!(fields[4..], ["7", "read,write", "by script"], "{list}");
    on_table(&["revoke", id]).await;
    assert_ne!(
        line(&on_table(&["list"]).await).split('\t').nth(1),
        Some("None")
    );
    assert_eq!(with_key(&stack, Method::GET, "/v1/videos", key).await, 403);
    let unknown = [&["revoke", "0123456789abcdef"], &table[..]].concat();
    assert!(!script(&unknown, &environment).await.status.success());
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An issuer of tokens on this machine, with one key.
struct Issuer {
    url: String,
    key: EcdsaKeyPair,
}

impl Issuer {
    async fn start() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap();
        let point = key.public_key().as_ref();
        let (x, y) = (b64(&point[1..33]), b64(&point[33..]));
        let set = json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "one", "x": x, "y": y}]});
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let discovery = json!({"issuer": url, "jwks_uri": format!("{url}/keys")});
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let read = stream.read(&mut request).await.unwrap_or(0);
                let body = if request[..read].starts_with(b"GET /keys ") {
                    set.to_string()
                } else {
                    discovery.to_string()
                };
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, key }
    }

    fn token(&self, scope: &str, audience: &str, lifetime_s: i64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let expires = i64::try_from(now.as_secs()).unwrap() + lifetime_s;
        let head = json!({"alg": "ES256", "kid": "one"}).to_string();
        let claims =
            json!({"iss": self.url, "sub": "ann", "aud": audience, "exp": expires, "scope": scope});
        let message = format!("{}.{}", b64(head), b64(claims.to_string()));
        let signature = self
            .key
            .sign(&SystemRandom::new(), message.as_bytes())
            .unwrap();
        format!("{message}.{}", b64(signature.as_ref()))
    }
}

/// Changes the signature of a token.
fn forged(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{message}.{first}{}", &signature[1..])
}

#[tokio::test]
async fn token_of_configured_issuer_is_accepted_like_a_key() {
    let issuer = Issuer::start().await;
    let good = issuer.token("openid eventrelay:read", "us", 300);
    let bad = [
        issuer.token("read", "us", -300),
        issuer.token("read", "them", 300),
        forged(&good),
        format!(
            "{}.{}.",
            b64(r#"{"alg":"none","kid":"one"}"#),
            good.split('.').nth(1).unwrap()
        ),
    ];
    let configured = [("JWT_ISSUER", issuer.url.as_str()), ("JWT_AUDIENCE", "us")];
    let key = eventrelay_tests::API_KEY;
    let stats = "/v1/stats";

    // As it comes, the header of the key takes tokens too, and the other header is not looked at.
    let stack = Stack::with(&configured).await.unwrap();
    let bearer = |credential: &str| format!("Bearer {credential}");
    for credential in [good.clone(), bearer(&good), key.to_owned()] {
        assert_eq!(with_key(&stack, Method::GET, stats, &credential).await, 200);
    }
    assert_eq!(
        with_key(&stack, Method::POST, "/v1/videos", &good).await,
        403
    );
    for credential in &bad {
        assert_eq!(with_key(&stack, Method::GET, stats, credential).await, 403);
    }
    let authorization = "authorization";
    assert_eq!(
        status(&stack, Method::GET, stats, authorization, &bearer(&good)).await,
        401
    );
    drop(stack);

    // With the other authorizer it is the other way about.
    let other = [&configured[..], &[("DEFAULT_AUTHORIZER", "Bearer")]].concat();
    let stack = Stack::with(&other).await.unwrap();
    for credential in [&good, key] {
        let credential = bearer(credential);
        assert_eq!(
            status(&stack, Method::GET, stats, authorization, &credential).await,
            200
        );
    }
    let admin = bearer(&issuer.token("admin", "us", 300));
    assert_eq!(
        status(
            &stack,
            Method::POST,
            "/v1/admin/recount",
            authorization,
            &admin
        )
        .await,
        202
    );
    for credential in &bad {
        let credential = bearer(credential);
        assert_eq!(
            status(&stack, Method::GET, stats, authorization, &credential).await,
            403
        );
    }
    assert_eq!(with_key(&stack, Method::GET, stats, key).await, 401);
    drop(stack);

    // Without a configured issuer, every token is refused.
    let stack = Stack::start().await.unwrap();
    assert_eq!(with_key(&stack, Method::GET, stats, &good).await, 403);
}
