//! `cargo zips`: makes what is deployed, the same bytes from the same input: a zip of each function,
//! a template that names them, a bill of materials and the licences of all that is in them.

mod again;
mod budget;
mod compile;
mod inventory;
mod licences;
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
    again::{Elsewhere, difference},
    budget::{Budget, Size},
    compile::{Architecture, Build, Builder},
    licences::Library,
    sbom::{Shipment, Shipped},
};

/// Folder of the workspace, which this program is built in and for.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Builds every function of template.yaml as it ships, and writes into target/package: the zip of
/// each, SHA256SUMS, template.yaml for `sam deploy`, sbom.cdx.json and THIRD-PARTY.txt; with
/// --local also the archive that runs without Rust.
#[derive(Debug, Parser)]
#[command(name = "cargo zips", version)]
struct Cli {
    /// Processor of the functions
    #[arg(long, value_enum, default_value_t = Architecture::X86_64)]
    architecture: Architecture,
    /// Who links [default: cargo where this machine has the processor, else cargo-lambda]
    #[arg(long, value_enum)]
    with: Option<Builder>,
    /// Build this function alone, by its logical id; may be given several times. No template is
    /// written
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// Build everything once more in another folder, and compare the bytes
    #[arg(long)]
    check: bool,
    /// Also build the local runtime, and write one archive of it, the functions and template.yaml
    #[arg(long, conflicts_with_all = ["list", "functions"])]
    local: bool,
    /// Write SBOM and licences alone, and build nothing
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

    // What is there of another run would pass for this one's.
    if output.exists() {
        std::fs::remove_dir_all(&output)?;
    }
    std::fs::create_dir_all(&output)?;

    let inventory = inventory::read(&root, cli.architecture.target(), &packages)?;
    let compiler = compile::compiler()?;
    let compiler = compiler.lines().next().unwrap_or_default();
    let library = Library::of(sbom::release(compiler))?;
    let third_party = licences::document(&inventory, &library)?;
    std::fs::write(output.join("THIRD-PARTY.txt"), third_party)?;

    let mut shipped = Vec::new();
    let (mut report, mut above) = (String::new(), Vec::new());
    if !cli.list {
        let zips = build(cli, &root, &target, &packages, &wanted)?;
        let mut sizes = Vec::new();
        let mut sums = String::new();
        for (name, Zip { bytes, bootstrap }) in &zips {
            let file = format!("{name}.zip");
            std::fs::write(output.join(&file), bytes)?;
            let sha256 = hex::encode(Sha256::digest(bytes));
            // As `sha256sum --check` reads it. A write to a string cannot fail.
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
            let (name, bytes) = local_archive(cli, &root, &target, &library, &functions, &zips)?;
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
        architecture: cli.architecture.as_str(),
        compiler,
        functions: &shipped,
    };
    let document = sbom::document(&inventory, &shipment)?;
    std::fs::write(output.join("sbom.cdx.json"), document)?;
    writeln!(std::io::stdout(), "{report}{}", output.display())?;
    ensure!(above.is_empty(), "above budget: {}", above.join("; "));
    Ok(())
}

/// The functions of the template: logical id and binary, which is the name of its package.
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

/// The functions that are asked for, all where none is.
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
    /// Bytes of the binary that is in it.
    bootstrap: usize,
}

/// The zips by the logical ids of their functions, once checked if that was asked for.
fn build(
    cli: &Cli,
    root: &Path,
    target: &Path,
    packages: &BTreeSet<String>,
    wanted: &BTreeMap<String, String>,
) -> anyhow::Result<BTreeMap<String, Zip>> {
    let home = cargo_home()?;
    let first = zips(cli, root, target, &home, packages, wanted)?;
    if cli.check {
        let started = Instant::now();
        let mut copy = Elsewhere::copy(root, target, &home)?;
        let (root, target) = (copy.root(), copy.target());
        let second = zips(cli, &root, &target, &copy.cargo_home(), packages, wanted)?;
        for (name, zip) in &first {
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
            "built again elsewhere in {} s: the same bytes",
            started.elapsed().as_secs()
        )?;
    }
    Ok(first)
}

fn zips(
    cli: &Cli,
    root: &Path,
    target: &Path,
    cargo_home: &Path,
    packages: &BTreeSet<String>,
    wanted: &BTreeMap<String, String>,
) -> anyhow::Result<BTreeMap<String, Zip>> {
    let build = Build {
        root,
        target,
        cargo_home,
        architecture: cli.architecture,
        builder: cli.with.unwrap_or(Builder::of(cli.architecture)),
        packages,
        wanted: &wanted.values().cloned().collect(),
    };
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

/// Name and bytes of the archive that runs without Rust. The functions in it are those of the zips.
fn local_archive(
    cli: &Cli,
    root: &Path,
    target: &Path,
    library: &Library,
    functions: &BTreeMap<String, String>,
    zips: &BTreeMap<String, Zip>,
) -> anyhow::Result<(String, Vec<u8>)> {
    let runtime = BTreeSet::from([local::RUNTIME.to_owned()]);
    let build = Build {
        root,
        target,
        cargo_home: &cargo_home()?,
        architecture: cli.architecture,
        builder: cli.with.unwrap_or(Builder::of(cli.architecture)),
        // Apart from the functions, whose features must not depend on it.
        packages: &runtime,
        wanted: &runtime,
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
        let content = std::fs::read(root.join(name)).with_context(|| name.to_owned())?;
        files.push(local::File::document(name, content));
    }
    let packages = functions.values().chain(&runtime).cloned().collect();
    let inventory = inventory::read(root, cli.architecture.target(), &packages)?;
    let third_party = licences::document(&inventory, library)?;
    files.push(local::File::document("THIRD-PARTY.txt", third_party.into()));
    let name = local::name(env!("CARGO_PKG_VERSION"), cli.architecture.as_str());
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
    let mut held = BTreeMap::from([("Architecture", architecture.as_str().to_owned())]);
    if let Some(commit) = commit(root) {
        held.insert("Commit", commit);
    }
    let text = std::fs::read_to_string(root.join("template.yaml"))?;
    let text = template::packaged(&text, &names, &held)?;
    Ok(std::fs::write(output.join("template.yaml"), text)?)
}

/// The commit of the work tree, marked where something is changed; none outside of git.
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
        .with_context(|| format!("{} is not there", home.display()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_function_is_asked_for_by_its_logical_id() {
        let functions = BTreeMap::from([("Get".to_owned(), "get".to_owned())]);
        assert_eq!(wanted(&functions, &[]).unwrap(), functions);
        assert_eq!(wanted(&functions, &["Get".into()]).unwrap(), functions);
        assert!(wanted(&functions, &["get".into()]).is_err());
    }
}
