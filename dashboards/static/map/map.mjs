// The map of the dashboards: Leaflet with leaflet-geoman in a Streamlit component. No build step.
// It draws what /map/… tells, and hands back what is drawn on it. Whom that means the server finds out.

const HERE = new URL('.', import.meta.url);
const COLOURS = ['land', 'border', 'ring', 'sign', 'people', 'facilities', 'incidents', 'area']; // of map.css
const LOOKS = { // what has a colour on the map, by the colours of the theme
  land: ({ border, land }) => ({ color: border, fillColor: land }),
  people: ({ ring, people }) => ({ color: ring, fillColor: people }),
  facilities: ({ ring, facilities }) => ({ color: ring, fillColor: facilities }),
  incidents: ({ ring, incidents }) => ({ color: ring, fillColor: incidents }),
  zone: ({ incidents }) => ({ color: incidents, fillColor: incidents }), // of an incident
  area: ({ area }) => ({ color: area, fillColor: area }),
  sign: ({ sign }) => ({ color: sign, fillColor: sign }), // beside a name
};
const SEVERITIES = ['minor', 'moderate', 'severe', 'extreme'];
const NAMES = [ // the most important first; a name that would cover another is left out
  { layer: 'airports', path: '/map/airports', fromZoom: 8, most: 60 },
  { layer: 'cities', path: '/map/cities', fromZoom: 4, most: 60 },
];
const NAME_PX = { sign: 6.2, height: 14, gap: 12 };
const WORLD_PX = 256; // the side of the world at zoom 0
const DOUBLE_TAP_PX = 30; // how far apart its taps may be
const NARROW_PX = 500; // a telephone: its layers would cover what ends a drawing

const asked = {}; // what is the same for every map, by its address

function loadScript(name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL(name, HERE).href;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${name} cannot be loaded`));
    document.head.append(script);
  });
}

function loadLibrary() {
  asked.library ??= (async () => {
    if (!window.L) await loadScript('vendor/leaflet.js');
    if (!window.L.PM) await loadScript('vendor/leaflet-geoman.min.js');
    return window.L;
  })().catch((error) => { delete asked.library; throw error; });
  return asked.library;
}

async function ask(path, signal) {
  const answered = await fetch(path, { signal });
  if (!answered.ok) throw new Error(`${path}: ${answered.status}`);
  return answered.json();
}

function askOnce(path) {
  asked[path] ??= ask(path).catch((error) => { delete asked[path]; throw error; });
  return asked[path];
}

// whether a colour as a browser computes it is nearer to black than to white
function isDark(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue < (colour.startsWith('rgb') ? 128 : 0.5);
}

const text = (told) => document.createTextNode(told);

const tellMoment = new Intl.DateTimeFormat('en-GB', { // in the zone of whoever looks
  day: '2-digit', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short',
});

class LiveMap {
  constructor(L, element, tell) {
    this.L = L;
    this.element = element;
    this.tell = tell;
    this.map = L.map(element, {
      minZoom: 1, maxZoom: 18, worldCopyJump: false, scrollWheelZoom: false,
      maxBounds: [[-85, -220], [85, 220]], maxBoundsViscosity: 0.8,
    }).setView([25, 15], 2);
    this.map.attributionControl.setPrefix(false).addAttribution('Cities: GeoNames, CC BY 4.0');
    this.layers = {};
    this.missing = new Set();
    this.wiped = 0;
    this.readTheme();
    this.listening = new AbortController();
    const { signal } = this.listening;
    element.addEventListener('transitionend', ({ target }) => {
      if (target === element && this.readTheme()) this.recolour();
    }, { signal });
    // people are on a canvas, as there are thousands; what is drawn is SVG above it, which lets the pointer through
    this.map.createPane('land').style.zIndex = 200;
    this.map.createPane('dots').style.zIndex = 390;
    this.dots = L.canvas({ pane: 'dots', padding: 0.3 });
    for (const name of ['land', 'area', 'people', 'facilities', 'incidents', 'cities', 'airports']) {
      this.layers[name] = L.layerGroup([], { pmIgnore: true }).addTo(this.map);
    }
    L.control.layers(null, {
      'People (blue)': this.layers.people,
      'Facilities (green)': this.layers.facilities,
      'Incidents (red)': this.layers.incidents,
      'Cities': this.layers.cities,
      'Airports (grey, from near)': this.layers.airports,
    }, { collapsed: false, position: element.clientWidth < NARROW_PX ? 'bottomright' : 'topright' }).addTo(this.map);
    L.control.scale({ imperial: false }).addTo(this.map);
    this.ignoreStrayTaps(signal);
    this.allowDrawing();
    this.map.on('moveend', () => this.lookAround());
    // whoever scrolls the page past the map does not mean to zoom
    this.map.on('focus', () => this.map.scrollWheelZoom.enable());
    this.map.on('blur', () => this.map.scrollWheelZoom.disable());
    this.sizes = new ResizeObserver(() => this.map.invalidateSize());
    this.sizes.observe(element);
  }

  // Leaflet takes any two quick taps for a double tap, which ends a drawing: with the second elsewhere a corner short
  ignoreStrayTaps(signal) {
    const { map, L } = this;
    let before, last;
    this.element.addEventListener('click', ({ clientX, clientY }) => {
      [before, last] = [last, L.point(clientX, clientY)];
    }, { capture: true, signal });
    map.fire = (type, told, ...more) => {
      const isStray = type === 'dblclick' && told?.originalEvent?._simulated && before.distanceTo(last) > DOUBLE_TAP_PX;
      return isStray ? map : L.Map.prototype.fire.call(map, type, told, ...more);
    };
  }

  allowDrawing() {
    const { map } = this;
    map.pm.setGlobalOptions({ snappable: false, allowSelfIntersection: false, finishOn: 'dblclick' });
    map.pm.addControls({
      position: 'topleft', drawMarker: false, drawPolyline: false, drawCircleMarker: false,
      drawText: false, cutPolygon: false, rotateMode: false,
    });
    map.pm.setPathOptions({ ...this.look('area'), fillOpacity: 0.12, weight: 2 });
    for (const link of this.element.querySelectorAll('.leaflet-pm-toolbar a.leaflet-buttons-control-button')) {
      const title = link.closest('[title]')?.title || 'Map tool';
      link.setAttribute('aria-label', title);
      link.setAttribute('role', 'button');
    }
    const changed = () => this.handOver();
    map.on('pm:create', ({ layer }) => {
      layer.on('pm:edit pm:dragend pm:markerdragend', changed);
      changed();
    });
    map.on('pm:remove', changed);
    map.on('pm:globaldragmodetoggled pm:globalremovalmodetoggled', ({ enabled }) => {
      this.element.classList.toggle('grasps', enabled); // a shape is grasped anywhere, not only at its line
    });
  }

  // takes the colours of Streamlit's theme, which may change while one looks; returns whether they did
  readTheme() {
    const { element } = this;
    element.classList.toggle('dark', isDark(getComputedStyle(element).borderTopColor));
    const style = getComputedStyle(element);
    const before = JSON.stringify(this.colours);
    this.colours = Object.fromEntries(COLOURS.map((one) => [one, style.getPropertyValue(`--${one}`).trim()]));
    return JSON.stringify(this.colours) !== before;
  }

  look(kind) {
    return LOOKS[kind](this.colours);
  }

  recolour() {
    for (const layer of Object.values(this.layers)) {
      layer.eachLayer((one) => one.setStyle(this.look(one.options.kind)));
    }
    this.map.pm.setPathOptions({ ...this.look('area'), fillOpacity: 0.12, weight: 2 });
    for (const one of this.map.pm.getGeomanDrawLayers()) one.setStyle(this.look('area'));
  }

  // takes away what is drawn, and tells so: it was drawn for something that is done
  wipe(wiped) {
    if (wiped === this.wiped) return;
    this.wiped = wiped;
    const drawn = this.map.pm.getGeomanDrawLayers();
    if (!drawn.length) return;
    for (const layer of drawn) layer.remove();
    this.map.pm.disableGlobalEditMode();
    this.handOver();
  }

  handOver() {
    const features = this.map.pm.getGeomanDrawLayers().map((layer) => {
      const feature = layer.toGeoJSON(7);
      const isCircle = layer instanceof this.L.Circle;
      feature.properties = isCircle ? { radius_m: Math.round(layer.getRadius()) } : {};
      return feature;
    });
    this.tell({ type: 'FeatureCollection', features });
  }

  async drawLand() {
    if (this.hasLand) return;
    const outlines = await askOnce('/map/land');
    if (this.isGone || this.hasLand) return;
    this.hasLand = true;
    this.L.geoJSON(outlines, {
      pane: 'land', renderer: this.L.canvas({ pane: 'land' }), interactive: false, pmIgnore: true,
      kind: 'land', style: { ...this.look('land'), weight: 0.7, fillOpacity: 1 },
    }).addTo(this.layers.land);
    this.element.dataset.land = outlines.features.length;
  }

  show({ mark, area, wiped }) {
    this.wipe(wiped);
    if (mark !== this.mark) {
      this.mark = mark;
      this.lookAround();
      this.attempt('facilities and incidents', () => this.showPlaces());
    }
    const marked = JSON.stringify(area ?? null);
    if (marked !== this.marked) {
      this.marked = marked;
      this.showArea(area);
    }
  }

  showArea(area) {
    this.layers.area.clearLayers();
    if (!area) return;
    const shape = this.L.geoJSON(area, {
      kind: 'area', interactive: false, pmIgnore: true,
      style: { ...this.look('area'), weight: 2, dashArray: '6 4', fillOpacity: 0.08 },
    }).addTo(this.layers.area);
    this.map.fitBounds(shape.getBounds(), { maxZoom: 12, padding: [30, 30] });
  }

  async showPlaces() {
    const { facilities, incidents } = await ask('/map/places');
    this.layers.facilities.clearLayers();
    for (const [name, ...at] of facilities) {
      this.dot(at, 4, 'facilities', `Facility: ${name}`).addTo(this.layers.facilities);
    }
    this.layers.incidents.clearLayers();
    for (const one of incidents.reverse()) this.showIncident(...one); // the newest on top
    this.element.dataset.incidents = incidents.length;
  }

  showIncident(title, severity, when, latitude, longitude, area) {
    const told = `Incident, ${severity}: ${title} (${tellMoment.format(new Date(when))})`;
    if (area) {
      this.L.geoJSON(area, {
        kind: 'zone', interactive: false, pmIgnore: true, renderer: this.dots,
        style: { ...this.look('zone'), weight: 1, fillOpacity: 0.1 },
      }).addTo(this.layers.incidents);
    }
    const radius = 4 + SEVERITIES.indexOf(severity);
    this.dot([latitude, longitude], radius, 'incidents', told).addTo(this.layers.incidents);
  }

  async lookAround() {
    if (!this.mark) return;
    this.asking?.abort();
    this.asking = new AbortController();
    const seen = this.map.getBounds().pad(0.2);
    const within = (degrees, most) => Math.max(-most, Math.min(most, degrees)).toFixed(5);
    const query = new URLSearchParams({
      west: within(seen.getWest(), 180), east: within(seen.getEast(), 180),
      south: within(seen.getSouth(), 90), north: within(seen.getNorth(), 90),
      zoom: Math.round(this.map.getZoom()), mark: this.mark,
    });
    this.attempt('outlines of countries', () => this.drawLand());
    this.attempt('names of cities and airports', () => this.showNames(seen));
    const { signal } = this.asking;
    await this.attempt('people', async () => this.showPeople(await ask(`/map/people?${query}`, signal)));
  }

  // what cannot be had is said on the map: what it shows then is of an earlier moment, or lacks something
  async attempt(what, work) {
    try {
      await work();
      this.missing.delete(what);
    } catch (error) {
      if (error.name === 'AbortError') return;
      console.warn(error.message);
      this.missing.add(what);
    }
    this.map.attributionControl.setPrefix(
      this.missing.size ? `Cannot be loaded just now: ${[...this.missing].join(', ')}` : false,
    );
  }

  showPeople({ people_count, radius, cells, points }) {
    const layer = this.layers.people;
    layer.clearLayers();
    const most = Math.log1p((cells ?? []).reduce((top, [, , count]) => Math.max(top, count), 1));
    for (const [x, y, count] of cells ?? []) {
      this.L.polygon(this.ring(x, y, radius), {
        kind: 'people', ...this.look('people'), weight: 0.5, pmIgnore: true,
        fillOpacity: 0.2 + 0.65 * (Math.log1p(count) / most), renderer: this.dots,
      }).bindTooltip(text(count === 1 ? '1 person' : `${count.toLocaleString('en')} people`)).addTo(layer);
    }
    for (const [latitude, longitude, count, names] of points ?? []) {
      const more = count > names.length ? `, and ${count - names.length} more` : '';
      const told = `${names.join(', ')}${more}`;
      this.dot([latitude, longitude], count > 1 ? 6 : 4, 'people', told).addTo(layer);
    }
    for (const name of ['facilities', 'incidents']) { // seen, however many are around
      this.layers[name].eachLayer((one) => one.bringToFront());
    }
    Object.assign(this.element.dataset, {
      people: people_count, shown: cells ? 'hexagons' : 'points', mark: this.mark,
    });
  }

  // the corners of a hexagon that stands on one of them, by its centre on the square of the world
  ring(x, y, radius) {
    return Array.from({ length: 6 }, (_, corner) => {
      const angle = Math.PI / 6 + (corner * Math.PI) / 3;
      const at = this.L.point(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
      return this.L.CRS.EPSG3857.pointToLatLng(at.multiplyBy(WORLD_PX), 0);
    });
  }

  async showNames(seen) {
    const taken = [];
    for (const { layer, path, fromZoom, most } of NAMES) {
      const rows = this.map.getZoom() < fromZoom ? [] : await askOnce(path);
      if (this.isGone) return;
      this.layers[layer].clearLayers();
      let left = most;
      for (const [name, ...at] of rows) {
        if (!seen.contains(at)) continue;
        const told = [name, name.split(' · ').pop()].find((one) => this.takeRoom(one, at, taken)); // else its code
        if (!told) continue;
        this.nameTag(told, at).addTo(this.layers[layer]);
        if (!--left) break;
      }
    }
  }

  // whether a name covers none that is there already
  takeRoom(name, at, taken) {
    const { x, y } = this.map.latLngToLayerPoint(at);
    const room = [x, y - NAME_PX.height / 2, x + NAME_PX.gap + NAME_PX.sign * name.length, y + NAME_PX.height / 2];
    const covers = taken.some((one) => room[0] < one[2] && one[0] < room[2] && room[1] < one[3] && one[1] < room[3]);
    if (!covers) taken.push(room);
    return !covers;
  }

  nameTag(name, at) {
    return this.L.circleMarker(at, {
      kind: 'sign', ...this.look('sign'), radius: 2, weight: 1, interactive: false, pmIgnore: true, renderer: this.dots,
    }).bindTooltip(text(name), { permanent: true, direction: 'right', className: 'place' });
  }

  dot(at, radius, kind, told) {
    return this.L.circleMarker(at, {
      kind, ...this.look(kind), radius, weight: 1, fillOpacity: 0.9, pmIgnore: true, renderer: this.dots,
    }).bindTooltip(text(told));
  }

  remove() {
    this.isGone = true;
    this.asking?.abort();
    this.sizes.disconnect();
    this.listening.abort();
    this.map.remove();
  }
}

const maps = new WeakMap();

function open(element) {
  const one = { element, isGone: false };
  one.made = loadLibrary().then((L) => {
    if (one.isGone) return null;
    one.map = new LiveMap(L, element, (shapes) => one.tell('shapes', shapes));
    return one.map;
  }).catch((error) => { element.textContent = `The map cannot be shown: ${error.message}`; });
  return one;
}

function close(one) {
  one.isGone = true;
  one.map?.remove();
}

// Called for each change of the data. Streamlit ends a call that another has overtaken: that must not end the map.
export default function show({ data, parentElement, setStateValue }) {
  const element = parentElement.querySelector('.map');
  let one = maps.get(parentElement);
  if (one?.element !== element) {
    if (one) close(one);
    one = open(element);
    maps.set(parentElement, one);
  }
  const call = {};
  one.latest = call;
  one.tell = setStateValue;
  one.made.then((map) => map?.show(data));
  return () => {
    if (one.latest !== call) return;
    close(one);
    if (maps.get(parentElement) === one) maps.delete(parentElement);
  };
}
