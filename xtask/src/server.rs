//! A static file server to look at the site: one thread a connection, nothing cached, nothing outside its folder.
use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Component, Path, PathBuf},
    thread,
};

/// Serves `dir` at `address` until the process is ended.
///
/// # Errors
/// The address cannot be bound.
pub fn serve(dir: PathBuf, address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("Ottla: http://{}/ (Ctrl-C ends it)", listener.local_addr()?);
    for stream in listener.incoming() {
        let dir = dir.clone();
        // A connection that breaks is the browser's affair.
        thread::spawn(move || stream.and_then(|stream| answer(stream, &dir)));
    }
    Ok(())
}

fn answer(mut stream: TcpStream, dir: &Path) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap_or(Ok(String::new()))?;
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let mut words = request.split(' ');
    let method = words.next().unwrap_or("");
    let path = file_of(words.next().unwrap_or(""));
    let body = path
        .filter(|_| matches!(method, "GET" | "HEAD"))
        .and_then(|path| Some((content_type(&path), fs::read(dir.join(&path)).ok()?)));
    let (status, kind, body) = match body {
        Some((kind, body)) => ("200 OK", kind, body),
        None => ("404 Not Found", "text/plain", b"not found".to_vec()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )?;
    if method != "HEAD" {
        stream.write_all(&body)?;
    }
    stream.flush()
}

/// The file a request target names, if it lies in the folder. No %-decoding: the site's names need none.
fn file_of(target: &str) -> Option<String> {
    let path = target.split(['?', '#']).next().unwrap_or("");
    let path = path.trim_start_matches('/');
    let mut path = path.to_owned();
    if path.is_empty() || path.ends_with('/') {
        path.push_str("index.html");
    }
    Path::new(&path).components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm", // else no streaming compilation
        Some("json" | "webmanifest") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_inside_the_folder_are_named() {
        let cases = [
            ("/", Some("index.html")),
            ("/index.html?x=1#y", Some("index.html")),
            ("/styles/tokens.css", Some("styles/tokens.css")),
            ("/sub/", Some("sub/index.html")),
            ("/../Cargo.toml", None),
            ("/a/../../b", None),
        ];
        for (target, file) in cases {
            assert_eq!(file_of(target).as_deref(), file, "{target}");
        }
    }
}
