//! Text that `cargo local` prints when the system is ready.

use crate::data::Ready;

/// Example video. Its id is known before it is submitted.
const EXAMPLE: &str = "jNQXAC9IVRw";

/// Returns the address, the key, and commands to copy. The commands run unchanged in sh, bash and
/// zsh; the second follows a link of the first response.
pub(crate) fn text(ready: &Ready) -> String {
    let Ready {
        api,
        api_key,
        admin,
        ..
    } = ready;
    let header = quoted(&format!("x-api-key: {api_key}"));
    let standins = standins(ready);
    format!(
        "EventRelay runs at {api}\n\
         API key: {api_key}\n\
         {standins}\n\
         Plots: {admin}, for Prometheus {admin}/metrics\n\
         \n\
         # Submit a video, show its job (its analysis if one is stored), show the video:\n\
         LINK=$(curl -sS {api}/v1/videos \\\n\
         \x20 -H {header} \\\n\
         \x20 -H 'content-type: application/json' \\\n\
         \x20 -d '{{\"url\":\"https://www.youtube.com/watch?v={EXAMPLE}\"}}' \\\n\
         \x20 | tee -a /dev/stderr | grep -o 'http[^\"]*/v1/[a-z]*/[^\"]*' | head -n 1)\n\
         curl -sS -w '\\n' \"$LINK\" \\\n\
         \x20 -H {header}\n\
         curl -sS -w '\\n' {api}/v1/videos/yt:{EXAMPLE} \\\n\
         \x20 -H {header}\n\
         \n\
         Ctrl-C stops it."
    )
}

fn standins(ready: &Ready) -> String {
    let names: Vec<&str> = ready.standins.keys().map(String::as_str).collect();
    if names.is_empty() {
        return "All services are the real ones.".to_owned();
    }
    let variables = [
        ("gemini", "GEMINI_API_KEY"),
        ("github", "GITHUB_TOKEN"),
        ("vercel", "VERCEL_TOKEN"),
        ("netlify", "NETLIFY_AUTH_TOKEN"),
    ];
    let missing = variables.iter().filter(|(name, _)| names.contains(name));
    let missing: Vec<_> = missing.map(|(_, variable)| *variable).collect();
    format!(
        "Stand-ins: {}\nFor the real services, set\n{}.",
        names.join(", "),
        missing.join(", ")
    )
}

/// Quotes a text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::Endpoints;

    #[test]
    fn text_fits_80_columns_and_names_what_is_missing() {
        let names = ["gemini", "github", "netlify", "vercel", "youtube"];
        let ready = Ready {
            api: "http://127.0.0.1:65535".into(),
            api_key: format!("er_{}", "x".repeat(46)),
            aws: Endpoints {
                dynamodb: String::new(),
                s3: String::new(),
                secrets_manager: String::new(),
                sqs: String::new(),
            },
            standins: BTreeMap::from(names.map(|name| (name.into(), "http://127.0.0.1:1".into()))),
            admin: "http://127.0.0.1:65534".into(),
            resources: BTreeMap::new(),
        };
        let text = text(&ready);
        for line in text.lines() {
            assert!(line.len() <= 80, "{line}");
        }
        assert!(
            text.contains("GEMINI_API_KEY, GITHUB_TOKEN, VERCEL_TOKEN"),
            "{text}"
        );
    }

    #[test]
    fn key_with_a_quote_stays_one_word() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
