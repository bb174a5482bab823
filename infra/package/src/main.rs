//! `cargo zips`: reproducibly builds everything that is deployed: a zip of each function, a
//! template that names them, a bill of materials, and all licences.

mod budget;
mod compile;
mod inventory;
mod licences;
mod rebuild;
mod sbom;
mod template;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::{Context as _, bail, ensure};
use clap::Parser;
use eventrelay_package::{archive, local};
use eventrelay_template::{Site, read};
use sha2::{Digest as _, Sha256};

use crate::{
    budget::{Budget, Size},
    compile::{Architecture, Build, Builder},
    licences::Library,
    rebuild::{WorkspaceCopy, difference},
    sbom::{Shipment, Shipped},
};

/// Folder of the workspace that this program was built in.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Builds all functions of template.yaml for release. Writes a zip of each, SHA256SUMS,
/// template.yaml for `sam deploy`, sbom.cdx.json and THIRD-PARTY.txt to target/package. With
/// --local, also writes the archive that runs without Rust.
#[derive(Debug, Parser)]
#[command(name = "cargo zips", version)]
struct Cli {
    /// Processor of the functions
    #[arg(long, value_enum, default_value_t = Architecture::X86_64)]
    architecture: Architecture,
    /// Linker [default: cargo if this machine has the processor, else cargo-lambda]
    #[arg(long, value_enum)]
    with: Option<Builder>,
    /// Build only this function, by its logical id; can be repeated. Writes no template
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// Build everything again in another folder, and compare the bytes
    #[arg(long)]
    check: bool,
    /// Also build the local runtime, and pack it with the functions and template.yaml
    #[arg(long, conflicts_with_all = ["list", "functions"])]
    local: bool,
    /// Write only SBOM and licences, without a build
    #[arg(long, conflicts_with_all = ["check", "functions"])]
    list: bool,
}

fn main() -> ExitCode {
    match package(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn package(cli: &Cli) -> anyhow::Result<()> {
    let root = Path::new(WORKSPACE).canonicalize()?;
    let target = root.join("target");
    let output = target.join("package");
    let functions = functions(&root)?;
    let names: Vec<_> = functions.keys().map(String::as_str).collect();
    let budget = Budget::read(&root, &names)?;
    let packages: BTreeSet<_> = functions.values().cloned().collect();
    let wanted = wanted(&functions, &cli.functions)?;

    // Files of an earlier run would look like results of this one.
    if output.exists() {
        std::fs::remove_dir_all(&output)?;
    }
    std::fs::create_dir_all(&output)?;

    let inventory = inventory::read(&root, cli.architecture.target(), &packages)?;
    let compiler = compile::compiler()?;
    let compiler = compiler.lines().next().unwrap_or_default();
    let library = Library::new(sbom::release(compiler))?;
    let third_party = licences::document(&inventory, &library)?;
    std::fs::write(output.join("THIRD-PARTY.txt"), third_party)?;

    let mut shipped = Vec::new();
    let (mut report, mut above) = (String::new(), Vec::new());
    if !cli.list {
        let build = Build {
            root: &root,
            target: &target,
            cargo_home: &cargo_home()?,
            architecture: cli.architecture,
            builder: cli.with.unwrap_or(Builder::default_for(cli.architecture)),
            packages: &packages,
            wanted: &wanted.values().cloned().collect(),
        };
        let zips = zips(&build, &wanted)?;
        if cli.check {
            check(&build, &wanted, &zips)?;
        }
        let mut sizes = Vec::new();
        let mut sums = String::new();
        for (name, Zip { bytes, bootstrap }) in &zips {
            let file = format!("{name}.zip");
            std::fs::write(output.join(&file), bytes)?;
            let sha256 = hex::encode(Sha256::digest(bytes));
            // Format of `sha256sum --check`. Writing to a string cannot fail.
            let _ = writeln!(sums, "{sha256}  {file}");
            sizes.push(Size {
                function: name.clone(),
                zip: bytes.len(),
                bootstrap: *bootstrap,
            });
            shipped.push(Shipped {
                name: name.clone(),
                package: functions[name].clone(),
                sha256,
            });
        }
        (report, above) = budget.table(&sizes);
        if cli.local {
            let (name, bytes) = local_archive(build, &library, &functions, &zips)?;
            std::fs::write(output.join(&name), &bytes)?;
            let _ = writeln!(sums, "{}  {name}", hex::encode(Sha256::digest(&bytes)));
        }
        if cli.functions.is_empty() {
            write_template(&root, &output, cli.architecture, &zips)?;
        }
        std::fs::write(output.join("SHA256SUMS"), sums)?;
    }
    let shipment = Shipment {
        version: env!("CARGO_PKG_VERSION"),
        architecture: cli.architecture.into_str(),
        compiler,
        functions: &shipped,
    };
    let document = sbom::document(&inventory, &shipment)?;
    std::fs::write(output.join("sbom.cdx.json"), document)?;
    writeln!(std::io::stdout(), "{report}{}", output.display())?;
    ensure!(above.is_empty(), "above budget: {}", above.join("; "));
    Ok(())
}

/// Returns the functions of the template: logical id and binary, which is the name of its package.
fn functions(root: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(root.join("template.yaml")).context("template.yaml")?;
    let site = Site {
        sqs: "http://127.0.0.1",
        overrides: &BTreeMap::new(),
    };
    let template = read(&text, &site).context("template.yaml")?;
    Ok(template
        .functions
        .into_iter()
        .map(|function| (function.name, function.binary))
        .collect())
}

/// Returns the requested functions, or all of them.
fn wanted(
    functions: &BTreeMap<String, String>,
    asked: &[String],
) -> anyhow::Result<BTreeMap<String, String>> {
    if asked.is_empty() {
        return Ok(functions.clone());
    }
    let one = |name: &String| {
        let binary = functions.get(name);
        let binary = binary.with_context(|| format!("template.yaml has no function {name}"))?;
        Ok((name.clone(), binary.clone()))
    };
    asked.iter().map(one).collect()
}

struct Zip {
    bytes: Vec<u8>,
    /// Size of the binary.
    bootstrap: usize,
}

/// Builds the zips again in another folder, and compares their bytes.
fn check(
    build: &Build<'_>,
    wanted: &BTreeMap<String, String>,
    first: &BTreeMap<String, Zip>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut copy = WorkspaceCopy::copy(build.root, build.target, build.cargo_home)?;
    let root = copy.root();
    let again = Build {
        root: &root,
        target: &copy.target(),
        cargo_home: &copy.cargo_home(),
        ..*build
    };
    let second = zips(&again, wanted)?;
    for (name, zip) in first {
        if let Some(at) = difference(&zip.bytes, &second[name].bytes) {
            copy.keep();
            bail!(
                "{name} differs from byte {at} on when it is built in {}",
                root.display()
            );
        }
    }
    writeln!(
        std::io::stdout(),
        "rebuilt in another folder in {} s: identical",
        started.elapsed().as_secs()
    )?;
    Ok(())
}

/// Returns the zips by logical id.
fn zips(
    build: &Build<'_>,
    wanted: &BTreeMap<String, String>,
) -> anyhow::Result<BTreeMap<String, Zip>> {
    let binaries = build.run()?;
    let pack = |(name, binary): (&String, &String)| {
        let bootstrap = &binaries[binary];
        let zip = Zip {
            bytes: archive::pack(bootstrap)?,
            bootstrap: bootstrap.len(),
        };
        Ok((name.clone(), zip))
    };
    wanted.iter().map(pack).collect()
}

/// Returns name and bytes of the archive that runs without Rust. Its functions are those of the
/// zips.
fn local_archive(
    build: Build<'_>,
    library: &Library,
    functions: &BTreeMap<String, String>,
    zips: &BTreeMap<String, Zip>,
) -> anyhow::Result<(String, Vec<u8>)> {
    let runtime = BTreeSet::from([local::RUNTIME.to_owned()]);
    let build = Build {
        // Built separately, because the functions' features must not depend on it.
        packages: &runtime,
        wanted: &runtime,
        ..build
    };
    let mut files = Vec::new();
    for (name, binary) in build.run()? {
        files.push(local::File::program(name, binary));
    }
    for (id, zip) in zips {
        let path = format!("{}/{}", local::FUNCTIONS, functions[id]);
        files.push(local::File::program(path, archive::unpack(&zip.bytes)?));
    }
    for name in ["template.yaml", "README.md", "LICENSE"] {
        let content = std::fs::read(build.root.join(name)).with_context(|| name.to_owned())?;
        files.push(local::File::document(name, content));
    }
    let packages = functions.values().chain(&runtime).cloned().collect();
    let inventory = inventory::read(build.root, build.architecture.target(), &packages)?;
    let third_party = licences::document(&inventory, library)?;
    files.push(local::File::document("THIRD-PARTY.txt", third_party.into()));
    let name = local::name(env!("CARGO_PKG_VERSION"), build.architecture.into_str());
    let bytes = local::pack(&name, &files)?;
    Ok((format!("{name}.tar.gz"), bytes))
}

fn write_template(
    root: &Path,
    output: &Path,
    architecture: Architecture,
    zips: &BTreeMap<String, Zip>,
) -> anyhow::Result<()> {
    let names = zips
        .keys()
        .map(|name| (name.clone(), format!("{name}.zip")))
        .collect();
    let mut held = BTreeMap::from([("Architecture", architecture.into_str().to_owned())]);
    if let Some(commit) = commit(root) {
        held.insert("Commit", commit);
    }
    let text = std::fs::read_to_string(root.join("template.yaml"))?;
    let text = template::packaged(&text, &names, &held)?;
    Ok(std::fs::write(output.join("template.yaml"), text)?)
}

/// Returns the commit of the work tree, marked if there are changes, or `None` without git.
fn commit(root: &Path) -> Option<String> {
    let output = Command::new("git")
        .args([
            "describe",
            "--always",
            "--abbrev=40",
            "--exclude=*",
            "--dirty",
        ])
        .current_dir(root)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

/// <https://doc.rust-lang.org/cargo/guide/cargo-home.html>
fn cargo_home() -> anyhow::Result<PathBuf> {
    let home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir()
            .context("there is no home folder: set CARGO_HOME")?
            .join(".cargo"),
    };
    home.canonicalize()
        .with_context(|| format!("{} does not exist", home.display()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn function_is_selected_by_its_logical_id() {
        let functions = BTreeMap::from([("Get".to_owned(), "get".to_owned())]);
        assert_eq!(wanted(&functions, &[]).unwrap(), functions);
        assert_eq!(wanted(&functions, &["Get".into()]).unwrap(), functions);
        assert!(wanted(&functions, &["get".into()]).is_err());
    }
}
