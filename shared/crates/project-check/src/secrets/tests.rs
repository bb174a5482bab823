use super::*;
use crate::finding::Severity;

fn severity(path: &str, line: &str) -> Option<Severity> {
    let mut findings = Findings::new(path);
    check(path, line, &mut findings);
    let found = findings.finish();
    // Messages never repeat the secret.
    for one in &found {
        assert!(
            !quoted(line)
                .iter()
                .any(|quoted| quoted.text.len() > 5 && one.message.contains(quoted.text))
        );
    }
    found.first().map(|one| one.severity)
}

/// Joins a token from two parts, so that secret scanners do not report this file.
fn token(begins: &str, rest: &str) -> String {
    format!("{begins}{rest}")
}

const RANDOM: &str = "q7Rz1Kx9Lm4Tn8Vw2Yb6Pc3Hd5Jf0GsAeUoQiWt";

#[test]
fn tokens_of_services_are_known_anywhere() {
    for begins in [
        "ghp_",
        "gho_",
        "github_pat_",
        "glpat-",
        "sk_live_",
        "rk_live_",
        "xoxb-",
        "sk-ant-",
        "sk-proj-",
        "sk-",
        "vcp_",
        "nfp_",
        "hf_",
        "whsec_",
    ] {
        let line = format!("x = f({})", token(begins, RANDOM));
        assert_eq!(
            severity("README.md", &line),
            Some(Severity::Error),
            "{begins}"
        );
        let example = format!("x = \"{}\"", token(begins, &"x".repeat(40)));
        assert_eq!(severity("README.md", &example), None, "{example}");
    }
    for line in [
        token("AKIA", "Q7RZ1KX9LM4TN8VW"),
        token("key=AIza", &RANDOM[..35]),
        token("npm_", &RANDOM[..36]),
        token("-----BEGIN RSA ", "PRIVATE KEY-----"),
        token(
            "eyJhbGciOiJIUzI1NiJ9.",
            "eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
        ),
    ] {
        assert_eq!(
            severity("tests/test_a.py", &line),
            Some(Severity::Error),
            "{line}"
        );
    }
    let word = token("desk-", RANDOM);
    for line in [
        &word,
        "task-management-system-for-everybody-here",
        "risk-averse",
        "AKIA",
        "eyJ.eyJ.x",
    ] {
        assert_eq!(severity("a.md", line), None, "{line}");
    }
}

#[test]
fn passwords_are_detected_by_name() {
    for line in [
        "password = \"hunter2-Winter\"",
        "DB_PASSWORD: str = 'Tr0ub4dor&3xyz'",
        "  \"apiKey\": \"a8f5f167f44f\",",
        "const clientSecret = `p4ss-W0rd-4-all`;",
        "SECRET_KEY = \"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7\"",
    ] {
        assert_eq!(severity("app/a.py", line), Some(Severity::Error), "{line}");
        assert_eq!(
            severity("tests/test_a.py", line),
            Some(Severity::Warning),
            "{line}"
        );
    }
    for line in [
        "refreshToken: \"refreshToken\"",
        "csrf_token = \"X-CSRF-Token\"",
    ] {
        assert_eq!(
            severity("app/a.ts", line),
            Some(Severity::Warning),
            "{line}"
        );
    }
    assert_eq!(
        severity("app/a.py", "password = \"abc123\""),
        Some(Severity::Warning)
    );
    for line in [
        "password = \"\"",
        "password = os.environ[\"PASSWORD\"]",
        "API_KEY=your-api-key",
        "api_key = \"your-api-key-1234\"",
        "password = \"changeme123\"",
        "password: str = Field(\"Enter a Password 1\")",
        "if password == \"a8f5f167f44f\":",
        "token_url = \"/auth/token1\"",
        "tokenUrl=\"token1234567\"",
        "<input type=\"password\" name=\"password\" placeholder=\"Password12\">",
        "const token = \"access_token\";",
    ] {
        assert_eq!(severity("app/a.py", line), None, "{line}");
    }
}

#[test]
fn environment_file_is_scanned_without_quotes() {
    let line = "export DB_PASSWORD=Tr0ub4dor&3xyz";
    assert_eq!(severity(".env", line), Some(Severity::Error));
    assert_eq!(severity("README.md", line), None);
    for line in ["API_KEY=", "API_KEY=your-api-key-123", "PORT=3000"] {
        assert_eq!(severity(".env.example", line), None, "{line}");
    }
}

#[test]
fn keys_are_detected_by_entropy() {
    for line in [
        format!("x = \"{RANDOM}\""),
        "x = '8f14e45fceea167a5a36dedd4bea2543'".to_owned(),
    ] {
        assert_eq!(severity("a.py", &line), Some(Severity::Error), "{line}");
    }
    for line in [
        "x = \"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"",
        "id = \"123e4567-e89b-12d3-a456-426614174000\"",
        "\"integrity\": \"sha512-q7Rz1Kx9Lm4Tn8Vw2Yb6Pc3Hd5Jf0GsAeUoQiWt\"",
        "<img src=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42\">",
        "className=\"grid-cols-1 md:grid-cols-2\"",
        "import x from \"@/components/UserProfileCard2024\"",
        "x = \"getServerSidePropsV2ForUser1\"",
        "x = \"12345678901234567890\"",
        "x = \"00000000000000000000000000000000\"",
    ] {
        assert_eq!(severity("a.tsx", line), None, "{line}");
    }
    let lock = "\"resolved\": \"q7Rz1Kx9Lm4Tn8Vw2Yb6Pc3Hd5Jf0GsAeUoQiWt\"";
    assert_eq!(severity("package-lock.json", lock), None);
}
