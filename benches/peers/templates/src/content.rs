//! What stands in a template: services as teams write them, some of them against the rules.
//!
//! Owns the resources, which rules they break and what a tool has to find for that. Must not know files or formats;
//! functions are in their long form.
//!
//! What the five rules look at is literal or open in a way that every tool fails, because Guard's language has no
//! answer for a function: its verdict on one would be an accident.

use std::ops::AddAssign;

use serde_json::{Map, Value, json};

/// A template and what is wrong with it.
pub struct Content {
    pub document: Value,
    pub expected: Expected,
}

/// What a tool finds in a template, or in several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    pub task_definitions: usize,
    /// Violations of the five rules, container by container.
    pub findings: usize,
    /// Rules violated, template by template.
    pub failing_rules: usize,
    /// Task definitions with a file system that is reached without encryption, for the one check of checkov's.
    pub open_volumes: usize,
}

impl AddAssign for Expected {
    fn add_assign(&mut self, other: Self) {
        self.task_definitions += other.task_definitions;
        self.findings += other.findings;
        self.failing_rules += other.failing_rules;
        self.open_volumes += other.open_volumes;
    }
}

/// Which containers of a large template break which rules.
#[derive(Clone, Copy)]
pub enum Faults {
    /// As in small templates: four containers of ten, most of them one or two rules.
    Mixed,
    /// All five rules, in so many task definitions of a hundred; the others are compliant.
    All { percent: usize },
}

impl Faults {
    fn of(self, task: usize, container: usize) -> Broken {
        /// A bit per rule, in the order of [`container`]'s properties.
        const MIXED: [u8; 10] = [0, 0b00001, 0, 0, 0b01001, 0, 0b10000, 0, 0b11111, 0];
        match self {
            Self::Mixed => Broken(MIXED[(task * 3 + container * 7) % MIXED.len()]),
            Self::All { percent } if task % 100 < percent => Broken(0b11111),
            Self::All { .. } => Broken(0),
        }
    }
}

/// The rules that a container breaks.
#[derive(Clone, Copy)]
struct Broken(u8);

impl Broken {
    fn writable(self) -> bool {
        self.0 & 1 != 0
    }
    fn privileged(self) -> bool {
        self.0 & 2 != 0
    }
    fn capable(self) -> bool {
        self.0 & 4 != 0
    }
    fn root(self) -> bool {
        self.0 & 8 != 0
    }
    fn blocking(self) -> bool {
        self.0 & 16 != 0
    }
}

/// How much there is in a container.
#[derive(Clone, Copy, PartialEq)]
pub enum Size {
    /// A template of one to three of them has about 5 KB.
    Lean,
    /// A task definition of two of them has about 5 KB.
    Full,
}

const NAMES: [&str; 12] = [
    "Checkout",
    "Catalogue",
    "Orders",
    "Payments",
    "Search",
    "Mail",
    "Reports",
    "Stock",
    "Reviews",
    "Gateway",
    "Images",
    "Prices",
];

/// A template of about 5 KB with one to three task definitions.
pub fn small(number: usize) -> Content {
    let tasks = 1 + number % 3;
    build(number, tasks, if tasks == 1 { Size::Full } else { Size::Lean }, Faults::Mixed)
}

/// A template of so many task definitions of about 5 KB.
pub fn large(tasks: usize, faults: Faults) -> Content {
    build(0, tasks, Size::Full, faults)
}

/// A template of so many task definitions in which there is next to nothing, so that they break two rules each: as much to
/// say of as little text as can be.
pub fn dense(tasks: usize) -> Content {
    let task = |number: usize| {
        let containers = json!([{"Name": "a", "Image": "b"}]);
        let task = json!({
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"ContainerDefinitions": containers},
        });
        (format!("T{number}"), task)
    };
    let resources: Map<String, Value> = (0..tasks).map(task).collect();
    let expected =
        Expected { task_definitions: tasks, findings: 2 * tasks, failing_rules: 2, open_volumes: 0 };
    Content { document: json!({"Resources": resources}), expected }
}

fn build(number: usize, tasks: usize, size: Size, faults: Faults) -> Content {
    let mut resources = shared_resources(number);
    let mut expected = Expected { task_definitions: tasks, ..Expected::default() };
    let mut broken_rules = 0;
    for task in 0..tasks {
        let id = number + task;
        let name = if tasks > 3 {
            format!("{}{task}", NAMES[id % NAMES.len()])
        } else {
            NAMES[id % NAMES.len()].to_owned()
        };
        let containers = if size == Size::Full { 2 } else { 1 };
        let broken: Vec<Broken> = (0..containers).map(|container| faults.of(id, container)).collect();
        let is_open = id.is_multiple_of(5);
        for Broken(rules) in &broken {
            expected.findings += rules.count_ones() as usize;
            broken_rules |= rules;
        }
        expected.open_volumes += usize::from(is_open);
        resources.insert(format!("{name}Task"), task_definition(&name, id, &broken, size, is_open));
    }
    expected.failing_rules = broken_rules.count_ones() as usize;
    let document = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("Service {number}: its tasks, roles and logs"),
        "Parameters": {
            "Stage": {"Type": "String", "AllowedValues": ["staging", "production"], "Default": "staging"},
            "ImageTag": {"Type": "String", "Description": "The tag that the pipeline pushed"},
            "LogRetention": {"Type": "Number", "Default": 30},
            // Nobody refers to it: what cfn-lint says of that shows that it has read the template.
            "CostCentre": {"Type": "String", "Default": "4711"},
        },
        "Conditions": {"IsProduction": {"Fn::Equals": [{"Ref": "Stage"}, "production"]}},
        "Resources": resources,
        "Outputs": {"LogGroupName": {"Value": {"Ref": "LogGroup"}}},
    });
    Content { document, expected }
}

fn shared_resources(number: usize) -> Map<String, Value> {
    let resources = json!({
        "LogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": {"Fn::Sub": format!("/ecs/${{Stage}}/service-{number}")},
                "RetentionInDays": {"Ref": "LogRetention"},
            },
        },
        "ExecutionRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Effect": "Allow",
                        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }],
                },
                "ManagedPolicyArns": [{"Fn::Sub":
                    "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
                }],
            },
        },
    });
    match resources {
        Value::Object(resources) => resources,
        _ => Map::new(),
    }
}

fn task_definition(name: &str, id: usize, broken: &[Broken], size: Size, is_open: bool) -> Value {
    let family = name.to_lowercase();
    let containers: Vec<Value> = broken
        .iter()
        .enumerate()
        .map(|(index, broken)| container(&family, id, index, *broken, size))
        .collect();
    let mut volumes = vec![json!({"Name": "scratch"})];
    if is_open {
        volumes.push(json!({
            "Name": "shared",
            "EFSVolumeConfiguration": {"FilesystemId": "fs-0123456789abcdef0", "RootDirectory": "/"},
        }));
    }
    json!({
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "Family": {"Fn::Sub": format!("${{Stage}}-{family}")},
            "NetworkMode": "awsvpc",
            "RequiresCompatibilities": ["EC2"],
            "Cpu": {"Fn::If": ["IsProduction", "1024", "512"]},
            "Memory": {"Fn::If": ["IsProduction", "2048", "1024"]},
            "ExecutionRoleArn": {"Fn::GetAtt": ["ExecutionRole", "Arn"]},
            "RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"},
            "ContainerDefinitions": containers,
            "Volumes": volumes,
            "Tags": [{"Key": "stage", "Value": {"Ref": "Stage"}}],
        },
    })
}

fn container(family: &str, id: usize, index: usize, broken: Broken, size: Size) -> Value {
    let name = if index == 0 { "web" } else { "worker" };
    let variables = if size == Size::Full { 7 } else { 3 };
    // Allowed in one stage is a violation too, to every tool.
    let is_read_only = match broken.writable() {
        true if id.is_multiple_of(3) => json!({"Fn::If": ["IsProduction", true, false]}),
        is_writable => json!(!is_writable),
    };
    let mut linux = json!({"InitProcessEnabled": true, "Capabilities": {"Drop": ["ALL"]}});
    if broken.capable() {
        linux["Capabilities"]["Add"] = json!(["SYS_PTRACE"]);
    }
    let mut container = json!({
        "Name": name,
        "Image": {"Fn::Sub": format!("${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.amazonaws.com/{family}:${{ImageTag}}")},
        "Essential": index == 0,
        "ReadonlyRootFilesystem": is_read_only,
        "User": if broken.root() { ["root", "0:0"][id % 2] } else { "1000:1000" },
        "PortMappings": [{"ContainerPort": 8000 + index, "Protocol": "tcp"}],
        "Environment": (0..variables).map(|variable| environment(family, variable)).collect::<Vec<_>>(),
        "LinuxParameters": linux,
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": {"Ref": "LogGroup"},
                "awslogs-region": {"Ref": "AWS::Region"},
                "awslogs-stream-prefix": family,
                "mode": if broken.blocking() { "blocking" } else { "non-blocking" },
                "max-buffer-size": "25m",
            },
        },
        "MountPoints": [{"SourceVolume": "scratch", "ContainerPath": "/tmp", "ReadOnly": false}],
    });
    if broken.privileged() {
        container["Privileged"] = json!(true);
    }
    if size == Size::Full {
        container["Secrets"] = json!([{
            "Name": "DATABASE_URL",
            "ValueFrom": {"Fn::Sub": format!(
                "arn:${{AWS::Partition}}:secretsmanager:${{AWS::Region}}:${{AWS::AccountId}}:secret:${{Stage}}/{family}"
            )},
        }]);
        container["HealthCheck"] = json!({
            "Command": ["CMD-SHELL", "wget --quiet --spider http://localhost:8000/health || exit 1"],
            "Interval": 30,
            "Timeout": 5,
            "Retries": 3,
            "StartPeriod": 15,
        });
        container["DockerLabels"] = json!({"com.example.owner": "shop", "com.example.service": family});
    }
    container
}

fn environment(family: &str, index: usize) -> Value {
    let (name, value) = match index {
        0 => ("STAGE", json!({"Ref": "Stage"})),
        1 => ("LOG_LEVEL", json!({"Fn::If": ["IsProduction", "info", "debug"]})),
        2 => ("AWS_REGION", json!({"Ref": "AWS::Region"})),
        3 => ("ORDERS_URL", json!("https://orders.internal.example.com/v2")),
        4 => ("SERVICE_NAME", json!(family)),
        5 => ("CATALOGUE_URL", json!({"Fn::Sub": "https://catalogue.${Stage}.example.com/v1"})),
        _ => ("ALLOWED_ORIGINS", json!("https://shop.example.com,https://www.shop.example.com")),
    };
    json!({"Name": name, "Value": value})
}
