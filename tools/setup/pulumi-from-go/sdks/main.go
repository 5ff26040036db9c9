// Writes the SDK of the schema on its standard input: sdks LANGUAGE FOLDER. It is what `pulumi package gen-sdk` asks of a language's host, for those that
// have none here.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	nodejs "github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// The schema names no other package, so that none is ever loaded.
type loader struct{ schema.ReferenceLoader }

func files(language string, pkg *schema.Package) (map[string][]byte, error) {
	switch language {
	case "nodejs":
		return nodejs.GeneratePackage("pulumi-macvlan", pkg, nil, nil, true, loader{})
	case "python":
		return python.GeneratePackage("pulumi-macvlan", pkg, nil, loader{})
	case "go":
		return gogen.GeneratePackage("pulumi-macvlan", pkg, nil)
	}
	return nil, fmt.Errorf("no SDK of %s is made", language)
}

func run(language, folder string) error {
	var spec schema.PackageSpec
	if err := json.NewDecoder(os.Stdin).Decode(&spec); err != nil {
		return err
	}
	pkg, diagnostics, err := schema.BindSpec(spec, loader{}, schema.ValidationOptions{})
	if err != nil {
		return err
	}
	if diagnostics.HasErrors() {
		return diagnostics
	}
	made, err := files(language, pkg)
	if err != nil {
		return err
	}
	for name, content := range made {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
