using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Temper.Coordinator.Security;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Api;

/// <summary>What the OpenAPI document says beyond the routes: what it is about, and what a caller must show.</summary>
internal static class Description
{
    public const string Name = "v1";

    private const string Key = "api_key";
    private const string Token = "agent_token";

    public static void Configure(OpenApiOptions openApi)
    {
        openApi.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Temper", Description = "Trains text-to-text transformers on many tasks at once.", Version = Name };
            // It is wherever this document was read; an address here would be that of the reader before.
            document.Servers = null;
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [Key] = Bearer("A key that `temper key create` made. Its role is one of those that an operation names here, or a higher one. Not needed on loopback as long as no key was made."),
                [Token] = Bearer("The token that agents and the coordinator share."),
            };
            return Task.CompletedTask;
        });
        openApi.AddOperationTransformer((operation, context, _) =>
        {
            var access = context.Description.ActionDescriptor.EndpointMetadata.OfType<Access>().LastOrDefault() ?? Access.Default(context.Description.HttpMethod!);
            switch (access)
            {
                case Access.Token:
                    Require(operation, context.Document!, Token);
                    break;
                case Access.Key(var least):
                    Require(operation, context.Document!, Key, KeyStore.NameOf(least));
                    operation.Responses!.TryAdd("403", Problem(HttpStatusCode.Forbidden, context.Document!));
                    break;
            }

            return Task.CompletedTask;
        });
    }

    /// <summary>Lets the one document through: for others the framework's own answer is no problem document.</summary>
    public static ValueTask<object?> OnlyThisOne(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        string.Equals(context.HttpContext.Request.RouteValues["documentName"] as string, Name, StringComparison.OrdinalIgnoreCase)
            ? next(context)
            : ValueTask.FromResult<object?>(TypedResults.NotFound());

    private static OpenApiSecurityScheme Bearer(string description) => new() { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = description };

    private static void Require(OpenApiOperation operation, OpenApiDocument document, string scheme, params List<string> roles)
    {
        operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme, document)] = roles }];
        operation.Responses!.TryAdd("401", Problem(HttpStatusCode.Unauthorized, document));
    }

    private static OpenApiResponse Problem(HttpStatusCode status, OpenApiDocument document) => new()
    {
        Description = status.ToString(),
        Content = new Dictionary<string, OpenApiMediaType>
        {
            ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(nameof(ProblemDetails), document) },
        },
    };
}
