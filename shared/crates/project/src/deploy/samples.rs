//! Sample project for the tests of this crate and, by its path, of `eventrelay-upstream`.

use eventrelay_project::{Origin, ProjectFile};

/// Builds a file of a project.
pub(crate) fn file(path: &str, content: impl Into<Vec<u8>>) -> ProjectFile {
    ProjectFile {
        path: path.to_owned(),
        content: content.into(),
        executable: false,
        origin: Origin::Model,
        sources: Vec::new(),
    }
}

/// Sample files: text, an executable, two pictures with equal bytes, and an empty file.
pub(crate) fn files() -> Vec<ProjectFile> {
    let mut run = file("bin/run", "#!/bin/sh\n");
    run.executable = true;
    vec![
        file(".gitignore", "node_modules/\n"),
        run,
        file("images/a.png", [0x89, b'P', b'N', b'G', 0, 0xff]),
        file("images/b.png", [0x89, b'P', b'N', b'G', 0, 0xff]),
        file("index.html", "<!doctype html>\n<p>Grüße</p>\n"),
        file("notes/empty.txt", ""),
    ]
}
