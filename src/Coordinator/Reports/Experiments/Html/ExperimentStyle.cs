namespace Temper.Coordinator.Reports.Experiments.Html;

/// <summary>What an experiment's page has beyond <see cref="Reports.Html.PageStyle"/>; the same holds for its characters.</summary>
internal static class ExperimentStyle
{
    public const string Sheet = """

        main { max-width: 1240px; }
        .question { margin-top: 14px; color: var(--soft); font-size: 17px; max-width: 72ch; overflow-wrap: anywhere; }
        .answer { margin-top: 14px; max-width: 76ch; overflow-wrap: anywhere; }
        .answer p { font-size: 16px; margin-top: 8px; }
        .answer p:first-child { font-size: 20px; line-height: 1.4; font-weight: 600; letter-spacing: -0.005em; margin-top: 0; text-wrap: pretty; }
        .results th .name { display: block; font-weight: 600; color: var(--ink); font-size: 13px; }
        .results th .unit { display: block; margin-left: 0; font-size: 12px; }
        .results th, .results td { padding: 7px 8px; }
        .results th:first-child { padding-left: 0; } .results th:last-child, .results td:last-child { padding-right: 0; }
        .results thead .num { white-space: normal; }
        .results tbody th { min-width: 10em; }
        .results tbody tr:hover { background: var(--panel); }
        .results b { font-weight: 700; }
        .results td span { color: var(--soft); }
        .results .deviation { display: block; font-size: 12px; }
        .controls { display: flex; gap: 6px; margin: 2px 0 6px; font-size: 13px; color: var(--soft); }
        .controls select, .controls button { font: inherit; color: var(--ink); background: var(--panel); border: 1px solid var(--rule); border-radius: 6px; padding: 3px 10px; max-width: 100%; }
        .controls select { margin-left: 6px; }
        .controls button { cursor: pointer; }
        .controls button[aria-pressed="true"] { background: var(--ink); color: var(--paper); border-color: var(--ink); }
        .controls select:focus-visible, .controls button:focus-visible, a:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; }
        .canvas { min-height: 120px; min-width: 0; }
        #plots .chart { margin-top: 34px; }
        tbody th a { font-weight: 500; }
        a { color: var(--c0); text-underline-offset: 2px; }
        .state { font-weight: 600; font-size: 13px; background: none; white-space: nowrap; }
        .why { display: block; color: var(--soft); font-size: 13px; overflow-wrap: anywhere; min-width: 16em; }

        """;
}
