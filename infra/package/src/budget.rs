//! Maximum sizes of the zips, from `budget.toml`.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// Path of the budget in the workspace.
const FILE: &str = "infra/package/budget.toml";

/// Maximum bytes of each zip.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    zip_bytes: usize,
    /// By logical id, instead of `zip_bytes`.
    #[serde(default)]
    functions: BTreeMap<String, usize>,
}

impl Budget {
    /// Reads the budget of the workspace.
    ///
    /// # Errors
    /// If the file cannot be read, or names a function that is not in `functions`.
    pub(crate) fn read(root: &Path, functions: &[&str]) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(root.join(FILE)).context(FILE)?;
        Self::parse(&text, functions).context(FILE)
    }

    fn parse(text: &str, functions: &[&str]) -> anyhow::Result<Self> {
        let budget: Self = toml::from_str(text)?;
        for name in budget.functions.keys() {
            ensure!(
                functions.contains(&name.as_str()),
                "template.yaml has no function {name}"
            );
        }
        Ok(budget)
    }

    fn limit(&self, function: &str) -> usize {
        self.functions
            .get(function)
            .copied()
            .unwrap_or(self.zip_bytes)
    }

    /// Returns a table of sizes, largest zip first, and the functions that exceed their budget.
    pub(crate) fn table(&self, sizes: &[Size]) -> (String, Vec<String>) {
        let mut sizes: Vec<_> = sizes.iter().collect();
        sizes.sort_by_key(|size| (std::cmp::Reverse(size.zip), &size.function));
        let mut table = format!(
            "{:<28}{:>12}{:>12}{:>12}\n",
            "function", "zip", "budget", "bootstrap"
        );
        let mut above = Vec::new();
        for Size {
            function,
            zip,
            bootstrap,
        } in sizes
        {
            let most = self.limit(function);
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{function:<28}{zip:>12}{most:>12}{bootstrap:>12}");
            if *zip > most {
                above.push(format!("{function}: {zip} bytes, budget {most}"));
            }
        }
        (table, above)
    }
}

/// Sizes of a function, in bytes.
#[derive(Debug)]
pub(crate) struct Size {
    pub(crate) function: String,
    pub(crate) zip: usize,
    pub(crate) bootstrap: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_lists_functions_above_their_budget() {
        let text = "zip_bytes = 1_000\n[functions]\nLarge = 2_000\n";
        let budget = Budget::parse(text, &["Large", "Small"]).unwrap();
        let size = |function: &str, zip| Size {
            function: function.into(),
            zip,
            bootstrap: 3 * zip,
        };
        let (table, above) = budget.table(&[size("Small", 1_001), size("Large", 2_000)]);
        assert_eq!(above, ["Small: 1001 bytes, budget 1000"]);
        let lines: Vec<_> = table.lines().map(str::trim_end).collect();
        assert!(
            lines[1].starts_with("Large") && lines[1].ends_with("6000"),
            "{table}"
        );
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn budget_of_an_unknown_function_is_refused() {
        assert!(Budget::parse("zip_bytes = 1\n[functions]\nGone = 2\n", &["There"]).is_err());
        assert!(Budget::parse("zip_byte = 1\n", &[]).is_err());
    }

    #[test]
    fn committed_budget_is_valid() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let budget = Budget::read(&root, &["AdvanceBuild"]).unwrap();
        assert!(budget.limit("Any") <= 4_000_000);
    }
}
