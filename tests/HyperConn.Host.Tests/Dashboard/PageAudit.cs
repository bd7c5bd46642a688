namespace HyperConn.Tests.Dashboard;

/// <summary>Looks at the page as a checker of accessibility would: names of controls, ids, headings, contrast (WCAG 2, AA).</summary>
internal static class PageAudit
{
    public const string Script = """
        () => {
          const faults = [];
          const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
          const rgb = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
          const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
          const light = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const background = element => {
            const layers = [];
            for (let e = element; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); layers.push(c); if (c[3] === 1) break; }
            return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
          };
          const contrast = (top, below) => { const [a, b] = [light(over(top, below)), light(below)].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
          const visible = e => { const r = e.getBoundingClientRect(); const s = getComputedStyle(e); return r.width > 1 && r.height > 1 && s.visibility !== 'hidden' && s.display !== 'none' && !e.closest('.sr, .skip, [hidden], [inert]'); };
          for (const e of document.querySelectorAll('button, a[href], input, select, [role=img]')) {
            if (!visible(e)) continue;
            const name = e.getAttribute('aria-label') || e.textContent.trim() || (e.id && document.querySelector(`label[for="${e.id}"]`)?.textContent) || e.getAttribute('title');
            if (!name) faults.push(`no name: ${e.outerHTML.slice(0, 90)}`);
          }
          const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
          for (const id of new Set(ids)) if (ids.filter(other => other === id).length > 1) faults.push(`id twice: ${id}`);
          if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const seen = new Set();
          while (walker.nextNode()) {
            const e = walker.currentNode.parentElement;
            if (!walker.currentNode.nodeValue.trim() || seen.has(e) || !visible(e) || e.closest('button:disabled, script, style, noscript, svg')) continue;
            seen.add(e);
            const style = getComputedStyle(e);
            const below = background(e);
            const ratio = contrast(rgb(style.color), below);
            const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
            if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: "${e.textContent.trim().slice(0, 30)}" .${e.className}`);
          }
          for (const e of document.querySelectorAll('input[placeholder]')) {
            if (!visible(e)) continue;
            const style = getComputedStyle(e, '::placeholder');
            const [r, g, b, alpha] = rgb(style.color);
            const ratio = contrast([r, g, b, alpha * Number(style.opacity)], background(e));
            if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: placeholder "${e.placeholder}"`);
          }
          return [...new Set(faults)];
        }
        """;
}
