//! Frames from outside make the decoder reserve no more memory than a frame of their size could need.
//!
//! An allocator that notes the largest single request stands under the decoder; this file holds one test only, so
//! that nothing else allocates meanwhile.

#![allow(unsafe_code)] // an allocator cannot be written without

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use ottla_wire::{ApiKey, api, decode_request, decode_response};

struct Watching;

static LARGEST_BYTES: AtomicUsize = AtomicUsize::new(0);

unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST_BYTES.fetch_max(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;

/// No element of an array of the protocol is larger in memory, in bytes.
const LARGEST_ELEMENT_BYTES: usize = 512;

#[test]
fn lengths_that_lie_reserve_little() {
    // Each body repeats one pattern at eight phases: somewhere it is read as a length.
    let patterns: [&[u8]; 8] = [
        &[0x7f, 0xff, 0xff, 0xff],
        &[0x00, 0x7f, 0xff, 0xff],
        &[0x00, 0x00, 0x00, 0x01, 0x7f, 0xff, 0xff, 0xff],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0x01, 0xff, 0xff, 0xff, 0x7f],
        &[0x02, 0x01, 0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0x80, 0x80, 0x80, 0x80, 0x08],
        &[0x00, 0x00, 0x40, 0x00, 0x00, 0x00],
    ];
    for key in 0..=92i16 {
        let Ok(api_key) = ApiKey::try_from(key) else { continue };
        let (first, last) = api::codec_versions(api_key);
        for version in first..=last {
            for pattern in patterns {
                for phase in 0..8 {
                    try_body(api_key, version, pattern, phase);
                }
            }
        }
    }
}

fn try_body(api_key: ApiKey, version: i16, pattern: &[u8], phase: usize) {
    let body: Vec<u8> = std::iter::repeat_n(0, phase).chain(pattern.iter().copied().cycle().take(200)).collect();
    let mut frame = [(api_key as i16).to_be_bytes(), version.to_be_bytes()].concat();
    frame.extend_from_slice(&[0, 0, 0, 1, 0xff, 0xff]);
    frame.extend_from_slice(&body);
    let (frame, body) = (Bytes::from(frame), Bytes::from(body));
    LARGEST_BYTES.store(0, Ordering::Relaxed);
    let _ = decode_request(&frame);
    let _ = decode_response(api_key, version, &body);
    let most = (frame.len() + 1024 + 2) * LARGEST_ELEMENT_BYTES;
    let largest = LARGEST_BYTES.load(Ordering::Relaxed);
    assert!(largest <= most, "{api_key:?} v{version}, {pattern:x?} at {phase}: {largest} bytes at once");
}
