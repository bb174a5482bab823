//! The folder that the stack runs: a template and binaries.
//!
//! Measured functions are the binaries that ship. The profile of this program builds the others.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, symlink},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use eventrelay_tests::{figures::target_folder, local, repository};

use crate::{
    functions::{self, Function, Origin},
    starts::Subject,
};

/// Folder in which `cargo local` looks for the binaries of another workspace.
const BINARIES: &str = "target/debug";

/// Readable and executable by all, as in a zip.
const MODE: u32 = 0o755;

/// The line that begins the resources of a template.
const RESOURCES: &str = "\nResources:\n";

/// A workspace of its own.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) subjects: Vec<Subject>,
}

impl Place {
    /// Builds the stack and recreates its folder.
    pub(crate) fn new(wanted: &[Function], origin: &Origin) -> anyhow::Result<Self> {
        let built = local()?.parent().context("it is in no folder")?;
        let folder = target_folder()?.join("cold-starts");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join(BINARIES))?;
        fs::copy(repository("template.yaml"), folder.join("template.yaml"))?;
        let mut place = Self {
            folder,
            subjects: Vec::new(),
        };
        for function in functions::all()? {
            let path = place.binary(&function.binary);
            if wanted.contains(&function) {
                let shipped = origin.read(&function)?;
                write_executable(&path, &shipped.bootstrap)?;
                place.subjects.push(Subject {
                    name: function.name.clone(),
                    event_of: function.name,
                    zip_bytes: shipped.zip,
                    files: vec![path],
                    is_python: false,
                });
            } else if !path.exists() {
                symlink(built.join(&function.binary), path)?;
            }
        }
        Ok(place)
    }

    /// Adds a function that the template does not have.
    pub(crate) fn add(&self, name: &str, binary: &str, executable: &str) -> anyhow::Result<()> {
        write_executable(&self.binary(binary), executable.as_bytes())?;
        let path = self.folder.join("template.yaml");
        let template = with_function(&fs::read_to_string(&path)?, name, binary)?;
        Ok(fs::write(path, template)?)
    }

    fn binary(&self, name: &str) -> PathBuf {
        self.folder.join(BINARIES).join(name)
    }
}

/// The template with one more function, of the memory of a lookup.
fn with_function(template: &str, name: &str, binary: &str) -> anyhow::Result<String> {
    let (before, after) = template.split_once(RESOURCES).context("no resources")?;
    Ok(format!(
        "{before}{RESOURCES}  {name}:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
         CodeUri: functions/{binary}\n      MemorySize: !Ref LookupMemoryMb\n\n{after}"
    ))
}

/// Writes an executable and syncs it to disk, so that its cached pages can be evicted.
fn write_executable(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)
        .with_context(|| path.display().to_string())?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use eventrelay_template::{Site, read};

    use super::*;

    #[test]
    fn one_more_function_is_added_to_the_template() {
        let template = fs::read_to_string(repository("template.yaml")).unwrap();
        let template = with_function(&template, "InPython", "in-python").unwrap();
        let site = Site {
            sqs: "http://127.0.0.1",
            overrides: &BTreeMap::new(),
        };
        let functions = read(&template, &site).unwrap().functions;
        let added = functions.iter().find(|one| one.name == "InPython").unwrap();
        let equal = functions.iter().find(|one| one.name == "GetVideo").unwrap();
        assert_eq!(added.binary, "in-python");
        assert_eq!(added.memory_mb, equal.memory_mb);
        assert!(added.environment.contains_key("VIDEOS_TABLE"));
        assert!(with_function("Globals:\n", "InPython", "in-python").is_err());
    }
}
