// Owns the old flat spelling of an autoscaler's metrics, which only autoscaling/v1's annotations still use.

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

/** Leaves out what is undefined. */
function given(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** A v2 metric in the flat form. Unknown types keep their type and nothing else. */
export function metricToV1(metric: Fields): Fields {
  const of = (source: string): readonly [Fields, Fields, Fields] => {
    const fields = fieldsOf(metric[source]);
    return [fields, fieldsOf(fields['metric']), fieldsOf(fields['target'])];
  };
  switch (metric['type']) {
    case 'Object': {
      const [source, name, target] = of('object');
      const flat = {
        target: source['describedObject'],
        metricName: name['name'],
        targetValue: target['value'] ?? '0',
        selector: name['selector'],
        averageValue: target['averageValue'],
      };
      return { type: 'Object', object: given(flat) };
    }
    case 'Pods': {
      const [, name, target] = of('pods');
      return {
        type: 'Pods',
        pods: given({ metricName: name['name'], targetAverageValue: target['averageValue'], selector: name['selector'] }),
      };
    }
    case 'Resource':
    case 'ContainerResource': {
      const key = metric['type'] === 'Resource' ? 'resource' : 'containerResource';
      const [source, , target] = of(key);
      const flat = {
        name: source['name'],
        targetAverageUtilization: target['averageUtilization'],
        targetAverageValue: target['averageValue'],
        container: source['container'],
      };
      return { type: metric['type'], [key]: given(flat) };
    }
    case 'External': {
      const [, name, target] = of('external');
      const flat = {
        metricName: name['name'],
        metricSelector: name['selector'],
        targetValue: target['value'],
        targetAverageValue: target['averageValue'],
      };
      return { type: 'External', external: given(flat) };
    }
    default:
      return { type: metric['type'] };
  }
}

/** The v2 form of a flat metric. */
export function metricFromV1(metric: Fields): Fields {
  switch (metric['type']) {
    case 'Object': {
      const flat = fieldsOf(metric['object']);
      const average = flat['averageValue'];
      const target =
        average === undefined ? { type: 'Value', value: flat['targetValue'] } : { type: 'AverageValue', averageValue: average };
      return {
        type: 'Object',
        object: {
          describedObject: flat['target'],
          target: given(target),
          metric: given({ name: flat['metricName'], selector: flat['selector'] }),
        },
      };
    }
    case 'Pods': {
      const flat = fieldsOf(metric['pods']);
      return {
        type: 'Pods',
        pods: {
          metric: given({ name: flat['metricName'], selector: flat['selector'] }),
          target: given({ type: 'AverageValue', averageValue: flat['targetAverageValue'] }),
        },
      };
    }
    case 'Resource':
    case 'ContainerResource': {
      const key = metric['type'] === 'Resource' ? 'resource' : 'containerResource';
      const flat = fieldsOf(metric[key]);
      const utilization = flat['targetAverageUtilization'];
      const target = {
        type: utilization === undefined ? 'AverageValue' : 'Utilization',
        averageValue: flat['targetAverageValue'],
        averageUtilization: utilization,
      };
      return { type: metric['type'], [key]: given({ name: flat['name'], target: given(target), container: flat['container'] }) };
    }
    case 'External': {
      const flat = fieldsOf(metric['external']);
      const value = flat['targetValue'];
      const target = { type: value === undefined ? 'AverageValue' : 'Value', value, averageValue: flat['targetAverageValue'] };
      return {
        type: 'External',
        external: { metric: given({ name: flat['metricName'], selector: flat['metricSelector'] }), target: given(target) },
      };
    }
    default:
      return { type: metric['type'] };
  }
}

/** A v2 metric status in the flat form. */
export function metricStatusToV1(metric: Fields): Fields {
  const type = metric['type'];
  const key = type === 'ContainerResource' ? 'containerResource' : String(type).toLowerCase();
  const source = fieldsOf(metric[key]);
  const name = fieldsOf(source['metric']);
  const current = fieldsOf(source['current']);
  const zero = '0';
  switch (type) {
    case 'Object': {
      const flat = { target: source['describedObject'], metricName: name['name'], currentValue: current['value'] ?? zero };
      return { type, object: given({ ...flat, selector: name['selector'], averageValue: current['averageValue'] }) };
    }
    case 'Pods':
      return {
        type,
        pods: given({ metricName: name['name'], currentAverageValue: current['averageValue'] ?? zero, selector: name['selector'] }),
      };
    case 'Resource':
    case 'ContainerResource': {
      const flat = { name: source['name'], currentAverageUtilization: current['averageUtilization'] };
      return { type, [key]: given({ ...flat, currentAverageValue: current['averageValue'] ?? zero, container: source['container'] }) };
    }
    case 'External': {
      const flat = { metricName: name['name'], metricSelector: name['selector'], currentValue: current['value'] ?? zero };
      return { type, external: given({ ...flat, currentAverageValue: current['averageValue'] }) };
    }
    default:
      return { type };
  }
}

/** The v2 form of a flat metric status. */
export function metricStatusFromV1(metric: Fields): Fields {
  const type = metric['type'];
  const key = type === 'ContainerResource' ? 'containerResource' : String(type).toLowerCase();
  const flat = fieldsOf(metric[key]);
  const name = given({ name: flat['metricName'], selector: flat['selector'] ?? flat['metricSelector'] });
  const value = flat['currentValue'];
  const averageValue = flat['currentAverageValue'] ?? flat['averageValue'];
  switch (type) {
    case 'Object':
      return { type, object: { metric: name, current: given({ value, averageValue }), describedObject: flat['target'] } };
    case 'Pods':
      return { type, pods: { metric: name, current: given({ averageValue }) } };
    case 'Resource':
    case 'ContainerResource': {
      const current = given({ averageValue, averageUtilization: flat['currentAverageUtilization'] });
      return { type, [key]: given({ name: flat['name'], current, container: flat['container'] }) };
    }
    case 'External':
      return { type, external: { metric: name, current: given({ value, averageValue }) } };
    default:
      return { type };
  }
}
