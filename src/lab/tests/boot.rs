//! A lab comes up: controllers elect a leader, brokers register and are unfenced.

use ottla_lab::{Lab, LabConfig};

#[test]
fn a_cluster_comes_up_with_one_controller_and_with_three() {
    for controllers in [1, 3] {
        let mut lab = Lab::new(LabConfig { controllers, ..LabConfig::default() }).unwrap();
        assert!(lab.settle());
        let leaders = lab.view().controllers.iter().filter(|c| c.role == "Leader").count();
        assert_eq!(leaders, 1);
    }
}
