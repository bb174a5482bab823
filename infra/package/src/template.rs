//! `template.yaml` for a deployment, where the code of each function is its zip.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use eventrelay_template::parse;
use serde_json::Value;

/// Replaces the code folders by the zips, and sets defaults of parameters. The rest, including
/// comments, stays unchanged. `allowed` restricts parameters to one value.
///
/// # Errors
/// If the template has another layout; the result is read again to check it.
pub(crate) fn packaged(
    template: &str,
    zips: &BTreeMap<String, String>,
    allowed: &BTreeMap<&str, String>,
) -> anyhow::Result<String> {
    let mut text = String::with_capacity(template.len());
    let (mut section, mut entry) = ("", "");
    for line in template.split_inclusive('\n') {
        let bare = line.trim();
        let indent = line.len() - line.trim_start_matches(' ').len();
        match (indent, bare.strip_suffix(':')) {
            (0, Some(name)) => (section, entry) = (name, ""),
            (2, Some(name)) => entry = name,
            _ => {}
        }
        let new = match (section, bare.split_once(": ").map(|(name, _)| name)) {
            ("Resources", Some("CodeUri")) => zips.get(entry).cloned(),
            ("Parameters", Some("Default")) => allowed.get(entry).map(|value| quoted(value)),
            ("Parameters", Some("AllowedValues")) => allowed
                .get(entry)
                .map(|value| format!("[{}]", quoted(value))),
            _ => None,
        };
        match (new, line.split_once(": ")) {
            (Some(new), Some((name, _))) => text.push_str(&format!("{name}: {new}\n")),
            _ => text.push_str(line),
        }
    }
    let read = parse(&text)?;
    for (name, zip) in zips {
        let path = format!("/Resources/{name}/Properties/CodeUri");
        is(&read, &path, zip)?;
    }
    for (name, value) in allowed {
        is(&read, &format!("/Parameters/{name}/Default"), value)?;
    }
    Ok(text)
}

fn is(document: &Value, path: &str, value: &str) -> anyhow::Result<()> {
    let found = document.pointer(path).with_context(|| path.to_owned())?;
    ensure!(
        found == value,
        "cannot set {path} of template.yaml: it is {found}"
    );
    Ok(())
}

fn quoted(value: &str) -> String {
    format!("\"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "\
Parameters:
  Architecture:
    Type: String
    Default: x86_64
    AllowedValues: [arm64, x86_64] # two
  Stage:
    Default: dev
Resources:
  # CodeUri: unused
  Get:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/get
  Put:
    Properties:
      CodeUri: functions/put
";

    fn zips(names: &[&str]) -> BTreeMap<String, String> {
        let pair = |name: &&str| ((*name).to_owned(), format!("{name}.zip"));
        names.iter().map(pair).collect()
    }

    #[test]
    fn packaged_template_changes_only_the_code() {
        let allowed = BTreeMap::from([("Architecture", "arm64".to_owned())]);
        let text = packaged(TEMPLATE, &zips(&["Get", "Put"]), &allowed).unwrap();
        let expected = TEMPLATE
            .replace("CodeUri: functions/get", "CodeUri: Get.zip")
            .replace("CodeUri: functions/put", "CodeUri: Put.zip")
            .replace("Default: x86_64", "Default: \"arm64\"")
            .replace("[arm64, x86_64] # two", "[\"arm64\"]");
        assert_eq!(text, expected);
    }

    #[test]
    fn unknown_layout_is_refused() {
        let flow = TEMPLATE.replace(
            "    Properties:\n      CodeUri: functions/put\n",
            "    Properties: { CodeUri: functions/put }\n",
        );
        assert_ne!(flow, TEMPLATE);
        assert!(packaged(&flow, &zips(&["Put"]), &BTreeMap::new()).is_err());
        assert!(packaged(TEMPLATE, &zips(&["Gone"]), &BTreeMap::new()).is_err());
        let gone = BTreeMap::from([("Gone", "x".to_owned())]);
        assert!(packaged(TEMPLATE, &zips(&[]), &gone).is_err());
    }

    #[test]
    fn template_of_the_project_is_packaged() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let functions = crate::functions(&root).unwrap();
        let names: Vec<_> = functions.keys().map(String::as_str).collect();
        let template = std::fs::read_to_string(root.join("template.yaml")).unwrap();
        let commit = BTreeMap::from([("Commit", "0".repeat(40))]);
        packaged(&template, &zips(&names), &commit).unwrap();
    }
}
