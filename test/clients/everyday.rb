# Does a day's work with Ruby's kubeclient against the cluster of the kubeconfig given, and says `all well`.
require 'kubeclient'

context = Kubeclient::Config.read(ARGV[0]).context
options = { ssl_options: context.ssl_options, auth_options: context.auth_options }
core = Kubeclient::Client.new(context.api_endpoint, 'v1', **options)
apps = Kubeclient::Client.new("#{context.api_endpoint}/apis/apps", 'v1', **options)
ns = 'ruby'

def same(got, want)
  abort "line #{caller_locations(1..1).first.lineno}: got #{got.inspect}, want #{want.inspect}" unless got == want
end

def resource(fields)
  Kubeclient::Resource.new(fields)
end

same core.api_valid?, true
core.create_namespace(resource(metadata: { name: ns }))
map = core.create_config_map(resource(metadata: { name: 'a', namespace: ns, labels: { of: 'test' } }, data: { k: 'v' }))
same core.get_config_maps(namespace: ns, label_selector: 'of=test').map { |m| m.metadata.name }, ['a']
map.data.n = '1'
same core.update_config_map(map).data.to_h, { k: 'v', n: '1' }
same core.patch_config_map('a', { data: { m: '1' } }, ns).data.to_h, { k: 'v', n: '1', m: '1' }
same core.merge_patch_config_map('a', { data: { m: nil } }, ns).data.to_h, { k: 'v', n: '1' }
same core.json_patch_config_map('a', [{ op: 'remove', path: '/data/n' }], ns).data.to_h, { k: 'v' }
applied = { metadata: { name: 'applied', namespace: ns }, apiVersion: 'v1', kind: 'ConfigMap', data: { q: '1' } }
same core.apply_config_map(applied, field_manager: 'ruby').data.to_h, { q: '1' }

version = core.get_config_maps(namespace: ns, as: :parsed)['metadata']['resourceVersion']
seen = []
notices = core.watch_config_maps(namespace: ns, resource_version: version)
watching = Thread.new { notices.each { |notice| seen << [notice.type, notice.object.metadata.name] and notices.finish } }
core.create_config_map(resource(metadata: { name: 'seen', namespace: ns }))
watching.join(10)
same seen.first, %w[ADDED seen]

command = ['sh', '-c', 'echo hello; sleep 1000']
core.create_pod(resource(metadata: { name: 'p', namespace: ns }, spec: { containers: [{ name: 'c', image: 'busybox', command: command }] }))
100.times { core.get_pod('p', ns).status.phase == 'Running' ? break : sleep(0.1) }
100.times { core.get_pod_log('p', ns).to_s.empty? ? sleep(0.1) : break }
same core.get_pod_log('p', ns).to_s, "hello\n"
log = core.watch_pod_log('p', ns)
lines = []
Thread.new { log.each { |line| lines << line and log.finish } }.join(10)
same lines.first, 'hello'

template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } }
spec = { selector: { matchLabels: { a: 'b' } }, template: template }
same apps.create_deployment(resource(metadata: { name: 'd', namespace: ns }, spec: spec)).kind, 'Deployment'
begin
  core.get_pod('nope', ns)
  abort 'a pod that is not there was read'
rescue Kubeclient::ResourceNotFoundError => e
  same e.message, 'pods "nope" not found'
end
same core.delete_config_map('a', ns).status, 'Success'
core.delete_namespace(ns)
puts 'all well'
