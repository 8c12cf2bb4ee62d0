//! Lesson format, predicates, progress, linter
