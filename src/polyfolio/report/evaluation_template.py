"""The page of an evaluation as a Jinja2 template: styles and script inside, nothing loaded from elsewhere."""

from __future__ import annotations

TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Evaluation: {{ record.name }}</title>
<style>
:root { --paper: #fff; --ink: #1c1e21; --dim: #5c6370; --line: #d7dae0; --mark: #f2f4f7 }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171a; --ink: #e3e5e8; --dim: #9aa2ad; --line: #363b42; --mark: #1f2327 }
}
@media print { :root { --paper: #fff; --ink: #000; --dim: #444; --line: #bbb; --mark: #fff } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem; color: var(--ink);
  background: var(--paper) }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
.verdict { background: var(--mark); border-left: 4px solid #2f7ed8; padding: .7rem 1rem }
.verdict p { margin: .25rem 0 } .verdict .head { font-weight: 600 } .verdict .more { padding-left: 1rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th:first-child, td:first-child { text-align: left }
.plot { width: 100%; height: 24rem } .dim { color: var(--dim) }
@media (max-width: 40rem) { body { padding: .8rem .6rem; font-size: 14px } .plot { height: 19rem } }
@media print { .plot, table, .verdict { break-inside: avoid } body { max-width: none } .modebar { display: none } }
</style>
</head>
<body>
<h1>Evaluation: {{ record.name }}</h1>
<p class="dim">{{ lead }}</p>
<section class="verdict">
{%- for line in record.verdict %}
<p class="{{ 'more' if line.startswith('  ') else 'head' }}">{{ line.strip() }}</p>
{%- endfor %}
</section>
{%- for block in blocks %}
<h2>{{ block.title }}</h2>
{%- if block.lead %}
<p class="dim">{{ block.lead }}</p>
{%- endif %}
{%- if block.plot %}
<div class="plot" id="{{ block.plot }}" role="img" aria-label="{{ block.title }}"></div>
{%- endif %}
{%- if block.rows %}
<div class="scroll"><table>
<thead><tr>{% for cell in block.head %}<th>{{ cell }}</th>{% endfor %}</tr></thead>
<tbody>
{%- for row in block.rows %}
<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{%- endfor %}
</tbody></table></div>
{%- endif %}
{%- endfor %}
<h2>How it was made</h2>
<ul class="dim">
{%- for line in method %}
<li>{{ line }}</li>
{%- endfor %}
</ul>
<noscript><p>The plots need a script; every number stands in evaluation.json.</p></noscript>
<script>{{ library | safe }}</script>
<script>
const figures = {{ figures | safe }};
const dark = window.matchMedia("(prefers-color-scheme: dark)");
function coloured() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  const axis = { gridcolor: of("--line"), linecolor: of("--line"), zerolinecolor: of("--line") };
  return { paper_bgcolor: of("--paper"), plot_bgcolor: of("--paper"), font: { color: of("--ink") }, axis };
}
function draw() {
  const { axis, ...whole } = coloured();
  for (const [id, figure] of Object.entries(figures)) {
    const layout = { ...figure.layout, ...whole };
    layout.xaxis = { ...(layout.xaxis || {}), ...axis };
    layout.yaxis = { ...(layout.yaxis || {}), ...axis };
    Plotly.react(id, figure.data, layout, { responsive: true, displaylogo: false });
  }
}
draw();
dark.addEventListener("change", draw);
window.addEventListener("beforeprint", draw);
window.addEventListener("afterprint", draw);
</script>
</body>
</html>
"""
