"""Does a day's work with the Python client against the cluster of the kubeconfig given, and says `all well`."""
import sys

from kubernetes import client, config, dynamic, stream, watch
from kubernetes.client.rest import ApiException

config.load_kube_config(sys.argv[1])
core, apps = client.CoreV1Api(), client.AppsV1Api()
ns = "python"


def same(got, want):
    if got != want:
        sys.exit(f"line {sys._getframe(1).f_lineno}: got {got!r}, want {want!r}")


core.create_namespace({"metadata": {"name": ns}})
for name in "ab":
    core.create_namespaced_config_map(ns, {"metadata": {"name": name, "labels": {"of": "test"}}, "data": {"k": "v"}})
first = core.list_namespaced_config_map(ns, label_selector="of=test", limit=1)
rest = core.list_namespaced_config_map(ns, label_selector="of=test", _continue=first.metadata._continue)
same([m.metadata.name for m in first.items + rest.items], ["a", "b"])
same(core.patch_namespaced_config_map("a", ns, {"data": {"m": "1"}}).data, {"k": "v", "m": "1"})
same(core.patch_namespaced_config_map("a", ns, [{"op": "remove", "path": "/data/m"}]).data, {"k": "v"})
same(core.replace_namespaced_config_map("a", ns, {"metadata": {"name": "a"}, "data": {"n": "1"}}).data, {"n": "1"})

command = ["sh", "-c", "echo hello; sleep 1000"]
w = watch.Watch()
core.create_namespaced_pod(ns, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "busybox", "command": command}]}})
for event in w.stream(core.list_namespaced_pod, ns, timeout_seconds=20):
    pod = event["object"]
    if pod.status.phase == "Running":
        w.stop()
same(pod.status.phase, "Running")
for line in watch.Watch().stream(core.read_namespaced_pod_log, "p", ns):
    same(line, "hello")
    break
same(core.read_namespaced_pod_log("p", ns), "hello\n")
run = dict(stderr=True, stdin=False, stdout=True, tty=False)
same(stream.stream(core.connect_get_namespaced_pod_exec, "p", ns, command=["echo", "out"], **run), "out\n")
shell = stream.stream(core.connect_get_namespaced_pod_exec, "p", ns, command=["sh"], _preload_content=False, **{**run, "stdin": True})
shell.write_stdin("echo typed; exit 3\n")
shell.run_forever(timeout=10)
same((shell.read_stdout(), shell.returncode), ("typed\n", 3))

template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
apps.create_namespaced_deployment(ns, {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}})
same(apps.patch_namespaced_deployment_scale("d", ns, {"spec": {"replicas": 2}}).spec.replicas, 2)

maps = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")
applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"q": "1"}}
same(maps.server_side_apply(body=applied, name="applied", namespace=ns, field_manager="python").data.to_dict(), {"q": "1"})

review = client.AuthorizationV1Api().create_self_subject_access_review({"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}})
same(review.status.allowed, True)
try:
    core.read_namespaced_secret("nope", ns)
    sys.exit("a secret that is not there was read")
except ApiException as error:
    same((error.status, error.reason), (404, "Not Found"))
core.create_namespaced_pod_eviction("p", ns, {"metadata": {"name": "p"}})
core.delete_collection_namespaced_config_map(ns, label_selector="of=test")
same([m.metadata.name for m in core.list_namespaced_config_map(ns, label_selector="of=test").items], [])
core.delete_namespace(ns)
print("all well")
