//! Functions of the template, and the source of their binaries.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, ensure};
use eventrelay_package::archive;
use eventrelay_template::{Site, read};
use eventrelay_tests::repository;
use tokio::process::Command;

use crate::cli::Options;

/// A function of the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) binary: String,
}

/// The functions of the template.
pub(crate) fn all() -> anyhow::Result<Vec<Function>> {
    let text = std::fs::read_to_string(repository("template.yaml"))?;
    let site = Site {
        sqs: "http://127.0.0.1",
        overrides: &BTreeMap::new(),
    };
    let functions = read(&text, &site)?.functions.into_iter();
    let functions = functions.map(|function| Function {
        name: function.name,
        binary: function.binary,
    });
    Ok(functions.collect())
}

/// Returns the functions with these logical ids, or all if none is given.
pub(crate) fn wanted(asked: &[String]) -> anyhow::Result<Vec<Function>> {
    let all = all()?;
    for name in asked {
        let is_there = all.iter().any(|function| function.name == *name);
        ensure!(is_there, "template.yaml has no function {name}");
    }
    let is_wanted = |function: &Function| asked.is_empty() || asked.contains(&function.name);
    Ok(all.into_iter().filter(is_wanted).collect())
}

/// Source of the binaries.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Zips(PathBuf),
    /// Binaries that this program packs.
    Binaries(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Zips(_) => "the zips of `cargo zips`",
            Self::Binaries(_) => "binaries packed like those of `cargo zips`",
        })
    }
}

/// A function as it is deployed.
pub(crate) struct Shipped {
    pub(crate) bootstrap: Vec<u8>,
    /// Bytes of its zip.
    pub(crate) zip: usize,
}

impl Origin {
    /// Returns the binaries that the options name, or builds them.
    pub(crate) async fn from_options(
        options: &Options,
        functions: &[Function],
    ) -> anyhow::Result<Self> {
        if let Some(folder) = &options.binaries {
            return Ok(Self::Binaries(folder.clone()));
        }
        if !options.no_build {
            eprintln!("Building the zips");
            build(functions).await?;
        }
        // Where `cargo zips` writes, whatever the target folder of this program.
        Ok(Self::Zips(repository("target/package")))
    }

    pub(crate) fn read(&self, function: &Function) -> anyhow::Result<Shipped> {
        match self {
            Self::Zips(folder) => {
                let zip = file(&folder.join(format!("{}.zip", function.name)))?;
                Ok(Shipped {
                    bootstrap: archive::unpack(&zip)?,
                    zip: zip.len(),
                })
            }
            Self::Binaries(folder) => {
                let bootstrap = file(&folder.join(&function.binary))?;
                let zip = archive::pack(&bootstrap)?.len();
                Ok(Shipped { bootstrap, zip })
            }
        }
    }
}

fn file(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}

async fn build(functions: &[Function]) -> anyhow::Result<()> {
    let mut command = Command::from(eventrelay_launch::cargo());
    command.arg("zips");
    if functions.len() < all()?.len() {
        for function in functions {
            command.args(["--function", &function.name]);
        }
    }
    let status = command
        .current_dir(repository(""))
        .stdin(Stdio::null())
        // Only the report goes to standard output.
        .stdout(std::io::stderr())
        .status()
        .await?;
    ensure!(status.success(), "`cargo zips` failed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_asked_for_by_their_logical_ids() {
        let all = wanted(&[]).unwrap();
        assert!(all.len() > 30);
        let some = wanted(&["GetVideo".into(), "GetHealth".into()]).unwrap();
        let binaries: Vec<_> = some.iter().map(|one| one.binary.as_str()).collect();
        assert_eq!(binaries.len(), 2);
        assert!(binaries.contains(&"get-video"), "{binaries:?}");
        assert!(wanted(&["get-video".into()]).is_err());
    }

    #[test]
    fn zip_and_its_binary_are_the_same_function() {
        let folder = tempfile::tempdir().unwrap();
        let function = Function {
            name: "Get".into(),
            binary: "get".into(),
        };
        let bootstrap = b"\x7fELF and more".repeat(9);
        std::fs::write(folder.path().join("get"), &bootstrap).unwrap();
        let packed = archive::pack(&bootstrap).unwrap();
        std::fs::write(folder.path().join("Get.zip"), &packed).unwrap();
        let path = folder.path().to_owned();
        let origins = [Origin::Zips(path.clone()), Origin::Binaries(path)];
        for origin in origins {
            let shipped = origin.read(&function).unwrap();
            assert_eq!(shipped.bootstrap, bootstrap, "{origin}");
            assert_eq!(shipped.zip, packed.len(), "{origin}");
        }
    }
}
