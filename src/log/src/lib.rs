//! A partition log on a virtual disk
