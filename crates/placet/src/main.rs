//! The program `placet`. Everything it does is in the library of the same name.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // With huge pages the kernel clears 2 MiB for the first byte of each arena: memory nobody uses, and most of the time
    // to the first answer. Where the kernel has no such switch, nothing is lost.
    #[cfg(target_os = "linux")]
    rustix::thread::disable_transparent_huge_pages(true).ok();
    placet::cli::run()
}
