//! Case set, answers and decisions in memory, kept while their files do not change.
