//! The files of the web interface, packed and as code.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Names another directory than `ui/dist` of the repository.
const GIVEN: &str = "SIDETONE_UI_DIST";

/// An array of `Packed`, which `src/ui.rs` declares. Packed files are put into `out`.
#[allow(clippy::print_stdout, reason = "this is how cargo is spoken to")]
#[allow(clippy::disallowed_methods, reason = "what cargo gives to a build")]
pub(crate) fn files(out: &Path) -> Result<String, String> {
    println!("cargo::rerun-if-env-changed={GIVEN}");
    println!("cargo::rerun-if-changed=build/interface.rs");
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist");
    let dist = std::env::var_os(GIVEN).map_or(built, PathBuf::from);
    println!("cargo::rerun-if-changed={}", dist.display());
    if !dist.join("index.html").is_file() {
        return Err(format!(
            "the feature `ui` builds the web interface into the program, and there is no {}/index.html: \
            make it with `make ui` (`npm --prefix ui install --no-save && npm --prefix ui run build`)",
            dist.display()
        ));
    }
    let mut paths = Vec::new();
    walk(&dist, &mut paths).map_err(|error| format!("{}: {error}", dist.display()))?;
    paths.sort();
    let mut code = String::from("[\n");
    for (number, path) in paths.iter().enumerate() {
        let packed = out.join(format!("ui-{number}"));
        let is_gzip =
            pack(path, &packed).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.strip_prefix(&dist).unwrap_or(path);
        let name = name.to_str().ok_or("a file's name is no UTF-8")?;
        let _ = writeln!(
            code,
            "    Packed {{ path: {name:?}, bytes: include_bytes!({packed:?}), is_gzip: {is_gzip} }},"
        );
    }
    code.push(']');
    Ok(code)
}

fn walk(dir: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), paths)?;
        } else {
            paths.push(entry.path());
        }
    }
    Ok(())
}

/// Packs a file, unless that makes it no smaller. Says whether it did.
fn pack(from: &Path, to: &Path) -> std::io::Result<bool> {
    let plain = fs::read(from)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&plain)?;
    let packed = encoder.finish()?;
    let is_gzip = packed.len() < plain.len();
    fs::write(to, if is_gzip { packed } else { plain })?;
    Ok(is_gzip)
}
