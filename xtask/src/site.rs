//! The static site in `dist/`: one wasm module, its loader, `index.html` and everything in `www/`.
//!
//! Serves `build`, `serve` and the end-to-end tests. The site names nothing by an absolute path: it works from any folder.
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    process::{Result, WASM, cargo, parallel, root, run, target_dir},
    setup,
};

/// Builds the site from the sources; gives its folder.
pub fn build() -> Result<PathBuf> {
    setup::wasm_target()?;
    parallel(vec![Box::new(wasm), Box::new(|| setup::tools(&["--bin", "bindgen"]))])?;
    assemble()
}

/// The wasm module, optimized.
pub fn wasm() -> Result<()> {
    let mut command = cargo(&["build", "--quiet", "--locked", "--release"]);
    command.args(["--package", "ottla", "--bin", "app", "--target", WASM]);
    run("site wasm", &mut command)
}

/// Makes the folder of the site of what [`wasm`] and [`setup::tools`] have built.
pub fn assemble() -> Result<PathBuf> {
    let dist = root().join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    fs::create_dir_all(&dist)?;
    let module = target_dir().join(WASM).join("release/app.wasm");
    let mut bindgen = Command::new(target_dir().join("xtask/bindgen"));
    run("wasm-bindgen", bindgen.arg(module).arg(&dist))?;
    fs::copy(root().join("index.html"), dist.join("index.html"))?;
    copy_tree(&root().join("www"), &dist)?;
    Ok(dist)
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
