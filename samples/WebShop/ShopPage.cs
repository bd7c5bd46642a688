using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using HyperConn;

namespace WebShop;

/// <summary>Whose session a request has, as the server says.</summary>
internal sealed record Session(string User, string Database, string? Schema);

/// <summary>The page that shows whose data it is.</summary>
internal static class ShopPage
{
    public static string Of(TenantKey tenant, Session session, IReadOnlyList<Product> products)
    {
        var html = HtmlEncoder.Default;
        var rows = new StringBuilder();
        foreach (var product in products)
            rows.Append(CultureInfo.InvariantCulture, $"<tr><td>{product.Id}</td><td>{html.Encode(product.Name)}</td><td>{product.Price:0.00}</td></tr>");
        return $$"""
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>{{html.Encode(tenant.Org)}}</title>
            <style>
            body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
            table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #8886 }
            td:last-child, th:last-child { text-align: right } dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem }
            dd { margin: 0; font-family: ui-monospace, monospace }
            </style>
            <h1>The shop of {{html.Encode(tenant.Org)}}</h1>
            <dl>
            <dt>Tenant</dt><dd>{{html.Encode(tenant.ToString())}}</dd>
            <dt>User</dt><dd>{{html.Encode(session.User)}}</dd>
            <dt>Database</dt><dd>{{html.Encode(session.Database)}}</dd>
            <dt>Schema</dt><dd>{{html.Encode(session.Schema ?? "none")}}</dd>
            </dl>
            <table><thead><tr><th>No.</th><th>Product</th><th>Price</th></tr></thead><tbody>{{rows}}</tbody></table>
            </html>
            """;
    }
}
