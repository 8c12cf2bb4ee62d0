//! `bindgen FILE.wasm OUT_DIR`: `wasm-bindgen --target web`, for a release. Serves `cargo xtask build`.
fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [wasm, out] = args.as_slice() else { anyhow::bail!("bindgen FILE.wasm OUT_DIR") };
    wasm_bindgen_cli_support::Bindgen::new()
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false) // the command-line tool's default, not the library's
        .remove_name_section(true) // nearly all that wasm-opt would save after fat LTO
        .remove_producers_section(true)
        .input_path(wasm)
        .generate(out)
}
