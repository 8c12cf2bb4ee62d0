//! One running world for a learner: cluster, terminals, faults, views
