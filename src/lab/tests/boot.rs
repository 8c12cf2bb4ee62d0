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

#[test]
fn followers_have_the_records_and_the_high_watermark() {
    let mut lab = Lab::new(LabConfig::default()).unwrap();
    lab.settle();
    let server = "--bootstrap-server localhost:9092";
    let create = format!("kafka-topics.sh {server} --create --topic t --replica-assignment 2:3:1");
    for script in [create, format!("seq 3 | kafka-console-producer.sh {server} --topic t")] {
        lab.spawn_script(&script, None);
        lab.run_for_ms(5000);
    }
    let view = lab.view();
    let replicas = view.brokers.iter().flat_map(|b| &b.replicas).filter(|r| r.topic == "t");
    let ends: Vec<(i64, i64)> = replicas.map(|r| (r.high_watermark, r.log_end_offset)).collect();
    assert_eq!(ends, [(3, 3); 3]);
    assert_eq!(view.ledger.acknowledged, 3);
}
