namespace Temper.Coordinator.Reports.Html;

/// <summary>The page's style sheet. It must not contain &lt;, &gt; or &amp;, which XML would escape and HTML would not read back.</summary>
internal static class PageStyle
{
    // Colours: distinguishable with every kind of colour blindness, at least 3:1 against their background, and helped by dashes.
    public const string Sheet = """

        :root { color-scheme: light dark;
          --paper: #fdfdfc; --panel: #f5f5f3; --ink: #1c2126; --soft: #59626b; --rule: #dfe1e3; --hair: #ebecec;
          --good: #1a6e3c; --good-bg: #e4f2e8; --bad: #a8261c; --bad-bg: #fbe9e6; --mid: #7a5400; --mid-bg: #faf0d9;
          --c0: #0067a5; --c1: #c2500a; --c2: #00795a; --c3: #b04a8b; --c4: #957000; --c5: #2a8aa5; --c6: #6b55b5; --c7: #59626b; }
        @media (prefers-color-scheme: dark) { :root {
          --paper: #14171a; --panel: #1c2024; --ink: #e4e7ea; --soft: #9ba5af; --rule: #333a41; --hair: #262b30;
          --good: #7fd49d; --good-bg: #16301f; --bad: #ff9d90; --bad-bg: #3a1b17; --mid: #ecc36a; --mid-bg: #332810;
          --c0: #58abe2; --c1: #f08b4c; --c2: #36bf97; --c3: #e08fc2; --c4: #d6ad3a; --c5: #7fd0e6; --c6: #a99bea; --c7: #9ba5af; } }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 15px/1.55 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
          font-variant-numeric: tabular-nums; }
        main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 72px; }
        h1, h2, h3, p, ul, dl, figure { margin: 0; }
        h1 { font-size: 30px; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; overflow-wrap: anywhere; }
        h2 { font-size: 19px; font-weight: 620; letter-spacing: -0.005em; margin: 52px 0 14px; }
        h3 { font-size: 15px; font-weight: 620; margin: 26px 0 8px; overflow-wrap: anywhere; }
        .kicker { color: var(--soft); font-size: 13px; margin-bottom: 4px; overflow-wrap: anywhere; }
        .head { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 14px; }
        .phase { font-size: 13px; font-weight: 620; padding: 3px 11px; border-radius: 99px; white-space: nowrap; }
        .good { color: var(--good); background: var(--good-bg); }
        .bad { color: var(--bad); background: var(--bad-bg); }
        .mid { color: var(--mid); background: var(--mid-bg); }
        .lead { margin-top: 12px; font-size: 17px; max-width: 68ch; }
        .reason { margin-top: 14px; padding: 10px 14px; border-radius: 6px; max-width: 80ch; white-space: pre-wrap; overflow-wrap: anywhere; }
        .note { color: var(--soft); font-size: 13px; max-width: 84ch; margin-top: 10px; }
        .key { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 18px 22px; margin-top: 26px;
          padding: 18px 0; border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
        .key dt { color: var(--soft); font-size: 12.5px; }
        .key dd { margin: 0; font-size: 21px; font-weight: 600; letter-spacing: -0.01em; white-space: nowrap; }
        .key dd small { display: block; font-size: 12.5px; font-weight: 400; letter-spacing: 0; color: var(--soft); white-space: normal; line-height: 1.35; }
        .scroll { overflow-x: auto; }
        .scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; }
        table { border-collapse: collapse; width: 100%; font-size: 14px; }
        caption { text-align: left; color: var(--soft); font-size: 13px; padding-bottom: 8px; }
        th, td { padding: 8px 10px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--hair); }
        th:first-child, td:first-child { padding-left: 0; }
        th:last-child, td:last-child { padding-right: 0; }
        thead th { font-size: 12.5px; font-weight: 500; color: var(--soft); vertical-align: bottom; border-bottom: 1px solid var(--rule); line-height: 1.3; }
        tbody th { font-weight: 600; overflow-wrap: anywhere; min-width: 8em; }
        .num { text-align: right; white-space: nowrap; }
        .metric { display: block; white-space: nowrap; }
        .metric b { display: inline-block; min-width: 3.1em; text-align: right; font-weight: 500; margin-right: 7px; }
        .metric:first-child b { font-weight: 680; font-size: 15.5px; }
        .metric span, .dim { color: var(--soft); }
        .bar { display: block; width: 96px; height: 9px; margin: 5px 0 2px auto; }
        .bar .got { fill: var(--c0); } .bar .rest { fill: var(--hair); } .bar .rate { stroke: var(--ink); stroke-width: 1.6; }
        .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 34px 36px; }
        .plots.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 26px 30px; }
        .plots + .plots { margin-top: 34px; }
        .chart { min-width: 0; display: flex; flex-direction: column; }
        .plot { display: block; width: 100%; height: auto; margin-top: auto; }
        figcaption { font-weight: 600; font-size: 14px; margin-bottom: 4px; overflow-wrap: anywhere; }
        .unit { font-weight: 400; color: var(--soft); margin-left: 4px; }
        .legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 1px 16px; font-size: 12.5px; color: var(--soft); margin-bottom: 4px; }
        .legend li { display: flex; align-items: center; gap: 6px; overflow-wrap: anywhere; }
        .legend svg { width: 22px; height: 10px; flex: none; }
        .legend .faint { opacity: 0.6; }
        .nothing { color: var(--soft); font-size: 13px; padding: 24px 0; }
        .grid line { stroke: var(--hair); stroke-width: 1; } .grid .base, .grid .tick { stroke: var(--rule); }
        .grid text { fill: var(--soft); font-size: 12px; } .grid .y { text-anchor: end; } .grid .x { text-anchor: middle; }
        .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
        .faint { stroke-width: 1; opacity: 0.32; }
        .c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); stroke-dasharray: 7 3; } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); stroke-dasharray: 2 3.4; }
        .c4 { stroke: var(--c4); stroke-dasharray: 9 3 2 3; } .c5 { stroke: var(--c5); } .c6 { stroke: var(--c6); stroke-dasharray: 5 2; } .c7 { stroke: var(--c7); }
        .dot { stroke-width: 1.8; stroke-dasharray: none; fill: var(--paper); }
        .split { font-weight: 400; color: var(--soft); margin-left: 8px; }
        .sample { border-top: 1px solid var(--hair); padding: 10px 0; display: grid; grid-template-columns: 92px minmax(0, 1fr); gap: 2px 14px; }
        .sample dt { color: var(--soft); font-size: 12.5px; padding-top: 1px; }
        .sample dd { margin: 0; min-width: 0; }
        .sample .answer { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 14px; }
        .text { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere;
          unicode-bidi: isolate; display: block; max-height: 15em; overflow: auto; }
        .verdict { font-size: 12.5px; font-weight: 600; white-space: nowrap; }
        .verdict.good, .verdict.bad { background: none; }
        details { border-top: 1px solid var(--rule); padding: 12px 0; margin-top: 22px; }
        summary { cursor: pointer; font-weight: 600; font-size: 14px; }
        pre { margin: 12px 0 0; padding: 14px 16px; background: var(--panel); border-radius: 6px; overflow-x: auto;
          font: 12.5px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; tab-size: 2; }
        .facts th { font-weight: 400; color: var(--soft); width: 13em; } .facts td { overflow-wrap: anywhere; }
        @media (max-width: 640px) { main { padding: 24px 16px 48px; } h1 { font-size: 25px; } .lead { font-size: 16px; }
          .sample { grid-template-columns: minmax(0, 1fr); } .facts th { width: 9em; min-width: 0; } .plots:not(.small) .grid text { font-size: 14px; } }
        @media print { main { max-width: none; padding: 0; } .chart, .sample, tr { break-inside: avoid; } .text { max-height: none; } }

        """;
}
