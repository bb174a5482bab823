//! Reproducible builds of the functions: the same source, toolchain and lock file give the same
//! bytes, in every folder, for every user and at every time.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use strum::IntoStaticStr;

/// Time for C compilers and build scripts: 1980-01-01
/// (<https://reproducible-builds.org/docs/source-date-epoch/>).
const SOURCE_DATE_EPOCH: &str = "315532800";

/// Replacements of local paths in binaries, which appear in panics.
const WORKSPACE_NAME: &str = "/eventrelay";
const CARGO_NAME: &str = "/cargo";

/// Version of glibc in `provided.al2023`, 2.34. Binaries that need a later one do not start
/// (<https://docs.aws.amazon.com/linux/al2023/ug/glibc-gcc-and-binutils.html>).
const GLIBC_MINOR: u32 = 34;

/// Environment variables that would change the bytes.
const UNWANTED: [&str; 7] = [
    "CFLAGS",
    "CXXFLAGS",
    "HOST_CFLAGS",
    "TARGET_CFLAGS",
    "RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
];

/// Processor of the functions, by Lambda's name.
#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, PartialEq, ValueEnum)]
#[strum(const_into_str, serialize_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub(crate) enum Architecture {
    #[strum(to_string = "x86_64")]
    #[value(name = "x86_64")]
    X86_64,
    Arm64,
}

impl Architecture {
    pub(crate) const fn target(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// Returns whether this machine can build for it without another linker.
    const fn is_native(self) -> bool {
        cfg!(target_os = "linux")
            && match self {
                Self::X86_64 => cfg!(target_arch = "x86_64"),
                Self::Arm64 => cfg!(target_arch = "aarch64"),
            }
    }
}

/// Program that links the functions.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[value(rename_all = "kebab-case")]
pub(crate) enum Builder {
    /// The C compiler of this machine, whose glibc must not be later than that of Lambda
    Cargo,
    /// Zig, for either architecture and for the glibc of Lambda, on any machine
    CargoLambda,
}

impl Builder {
    /// Returns the default linker.
    pub(crate) const fn default_for(architecture: Architecture) -> Self {
        if architecture.is_native() {
            Self::Cargo
        } else {
            Self::CargoLambda
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Build<'a> {
    pub(crate) root: &'a Path,
    /// Target folder of Cargo.
    pub(crate) target: &'a Path,
    /// Folder of Cargo's registry.
    pub(crate) cargo_home: &'a Path,
    pub(crate) architecture: Architecture,
    pub(crate) builder: Builder,
    /// Packages of all functions. They determine the features of shared crates, so that a function
    /// built alone is the same.
    pub(crate) packages: &'a BTreeSet<String>,
    pub(crate) wanted: &'a BTreeSet<String>,
}

impl Build<'_> {
    /// Builds, and returns the binaries by name.
    ///
    /// # Errors
    /// If the build fails, or a binary contains a path of this machine or would not start on
    /// Lambda.
    pub(crate) fn run(&self) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
        let status = self.command()?.status().context("cannot run cargo")?;
        ensure!(status.success(), "the functions do not build");
        let mut built = BTreeMap::new();
        for name in self.wanted {
            let path = self.binary(name);
            let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
            self.check(&bytes)
                .with_context(|| path.display().to_string())?;
            built.insert(name.clone(), bytes);
        }
        Ok(built)
    }

    fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(cargo());
        let target = self.architecture.target();
        match self.builder {
            // With an explicit target, Cargo does not pass the flags to build scripts.
            Builder::Cargo => command.args(["build", "--release", "--target", target]),
            Builder::CargoLambda => {
                let architecture = match self.architecture {
                    Architecture::X86_64 => "--x86-64",
                    Architecture::Arm64 => "--arm64",
                };
                // Cargo.toml sets the release profile, so cargo-lambda's own defaults are off.
                command
                    .args(["lambda", "build", "--release", "--disable-optimizations"])
                    .arg(architecture)
                    .arg("--lambda-dir")
                    .arg(self.target.join("lambda"))
            }
        };
        command.arg("--locked");
        for name in self.packages {
            command.args(["--package", name]);
        }
        for name in self.wanted {
            command.args(["--bin", name]);
        }
        for name in UNWANTED {
            command.env_remove(name);
        }
        let flags = self.rust_flags()?.join("\u{1f}".as_ref());
        let c_flags = self.c_flags().join(" ".as_ref());
        command
            .current_dir(self.root)
            .env("CARGO_HOME", self.cargo_home)
            .env("CARGO_TARGET_DIR", self.target)
            .env("CARGO_ENCODED_RUSTFLAGS", flags)
            .env(format!("CFLAGS_{}", target.replace('-', "_")), &c_flags)
            .env("CARGO_INCREMENTAL", "0")
            .env("SOURCE_DATE_EPOCH", SOURCE_DATE_EPOCH)
            // The runtime of an archive looks for its template only beside itself.
            .env("EVENTRELAY_ARCHIVE", "1");
        Ok(command)
    }

    /// Returns the path prefixes to replace. The last matching one counts, so inner folders come
    /// last.
    fn prefixes(&self) -> [(&Path, String); 3] {
        let mut prefixes = [
            (self.cargo_home, CARGO_NAME.to_owned()),
            (self.root, WORKSPACE_NAME.to_owned()),
            (self.target, format!("{WORKSPACE_NAME}/target")),
        ];
        prefixes.sort_by_key(|(path, _)| path.components().count());
        prefixes
    }

    fn rust_flags(&self) -> anyhow::Result<Vec<OsString>> {
        let mut flags: Vec<OsString> = Vec::new();
        for (path, name) in self.prefixes() {
            flags.push("--remap-path-prefix".into());
            flags.push(remapped(path, &name));
        }
        // If the source of the standard library is installed, its paths are local.
        let library = sysroot()?.join("lib/rustlib/src/rust");
        flags.push("--remap-path-prefix".into());
        flags.push(remapped(&library, &format!("/rustc/{}", commit()?)));
        Ok(flags)
    }

    fn c_flags(&self) -> Vec<OsString> {
        let flag = |(path, name): (&Path, String)| {
            let mut flag = OsString::from("-ffile-prefix-map=");
            flag.push(remapped(path, &name));
            flag
        };
        self.prefixes().map(flag).into()
    }

    fn binary(&self, name: &str) -> PathBuf {
        match self.builder {
            Builder::Cargo => {
                let folder = self.target.join(self.architecture.target());
                folder.join("release").join(name)
            }
            Builder::CargoLambda => self.target.join("lambda").join(name).join("bootstrap"),
        }
    }

    fn check(&self, binary: &[u8]) -> anyhow::Result<()> {
        for path in [self.root, self.target, self.cargo_home] {
            ensure!(
                memchr::memmem::find(binary, path.as_os_str().as_encoded_bytes()).is_none(),
                "it contains the path {}: another folder would give other bytes",
                path.display()
            );
        }
        let minor = glibc_minor(binary);
        ensure!(
            minor <= GLIBC_MINOR,
            "it needs glibc 2.{minor}, but Lambda has 2.{GLIBC_MINOR}: build with \
             `--with cargo-lambda`, or on a system as old as Amazon Linux 2023"
        );
        Ok(())
    }
}

/// Returns the Cargo that runs this program.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn remapped(path: &Path, name: &str) -> OsString {
    let mut pair = path.as_os_str().to_owned();
    pair.push("=");
    pair.push(name);
    pair
}

/// Returns the latest glibc 2.x that a binary needs, by its string table.
fn glibc_minor(binary: &[u8]) -> u32 {
    const NAME: &[u8] = b"GLIBC_2.";
    let minor = |at: usize| {
        let digits: String = binary[at + NAME.len()..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .take(4)
            .map(|byte| char::from(*byte))
            .collect();
        digits.parse().unwrap_or(0)
    };
    memchr::memmem::find_iter(binary, NAME)
        .map(minor)
        .max()
        .unwrap_or(0)
}

/// Returns the folder of the toolchain.
pub(crate) fn sysroot() -> anyhow::Result<PathBuf> {
    Ok(rustc(&["--print", "sysroot"])?.trim().into())
}

/// Returns the output of `rustc -vV`.
pub(crate) fn compiler() -> anyhow::Result<String> {
    rustc(&["-vV"])
}

/// Returns the commit of the compiler, which is part of paths of its library.
fn commit() -> anyhow::Result<String> {
    let version = compiler()?;
    let commit = version
        .lines()
        .find_map(|line| line.strip_prefix("commit-hash: "));
    Ok(commit.context("rustc does not say its commit")?.to_owned())
}

fn rustc(arguments: &[&str]) -> anyhow::Result<String> {
    let name = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(name).args(arguments).output()?;
    ensure!(output.status.success(), "rustc failed");
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_glibc_is_found() {
        let binary = b"\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.9\0GLIBC_PRIVATE\0GLIBC_2.";
        assert_eq!(glibc_minor(binary), 34);
        assert_eq!(glibc_minor(b"GLIBC"), 0);
    }

    #[test]
    fn binary_with_a_local_path_is_refused() {
        let none = BTreeSet::new();
        let build = Build {
            root: Path::new("/home/ann/eventrelay"),
            target: Path::new("/home/ann/eventrelay/target"),
            cargo_home: Path::new("/home/ann/.cargo"),
            architecture: Architecture::X86_64,
            builder: Builder::Cargo,
            packages: &none,
            wanted: &none,
        };
        build
            .check(b"panicked at /eventrelay/shared/src/lib.rs")
            .unwrap();
        for bytes in [
            &b"at /home/ann/eventrelay/shared/src/lib.rs"[..],
            b"/home/ann/eventrelay/target/release/build/x",
            b"/home/ann/.cargo/registry",
            b"GLIBC_2.35",
        ] {
            assert!(build.check(bytes).is_err());
        }
        // The last matching prefix counts.
        let flags = build.c_flags().join(" ".as_ref()).into_string().unwrap();
        let last = " -ffile-prefix-map=/home/ann/eventrelay/target=/eventrelay/target";
        assert!(flags.ends_with(last), "{flags}");
    }
}
