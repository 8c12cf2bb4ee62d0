//! stub
use std::process::ExitCode;
pub fn main(_: &[&str]) -> ExitCode {
    ExitCode::SUCCESS
}
